import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DirectoryError, JobSetInUseError } from '../../lib/base/errors.ts';
import { startProgram } from '../support/run-program.ts';
import { thrownBy } from '../support/thrown-by.ts';
import type { Subject } from './subject.ts';

const SINGLE = 8;

/** Calls that note each time that they are made, one that fails, one that is cancelled, and a map in chunks. */
const programOf = (
  { name, options }: Subject,
  runs: string,
): string => `const executor = new condorFutures.${name}(${JSON.stringify(options)});
  const call = async (n) => {
    const { appendFileSync } = await import('node:fs');
    appendFileSync(${JSON.stringify(runs)}, n + '\\n');
    await new Promise((resolve) => setTimeout(resolve, n * 150));
    if (n === 1) throw new RangeError('one');
    return n;
  };
  const futures = Array.from({ length: ${SINGLE} }, (_, n) => executor.submit(call, n));
  executor.submit(call, 1000).cancel();
  const results = executor.map(call, [20, 21, 22, 23], { chunkSize: 2 });
  console.log('id ' + executor.id + '.');
  results.next().then(() => console.log('map begun'));
  futures[2].then(() => console.log('some done'));
  const timer = setInterval(() => {
    if (futures.some(({ jobId }) => jobId === undefined)) return;
    console.log('all submitted');
    clearInterval(timer);
  }, 1);
  await Promise.allSettled(futures);
  console.log('all done');`;

/** `attach`: what becomes of the calls of a program that is no more. */
export function attach(subject: Subject): void {
  describe('attach()', () => {
    it.each(['all submitted', 'some done', 'all done'])(
      'goes on with the calls of a program that was killed when it had said: %s',
      async (words) => {
        const runs = join(subject.options.directory, `runs-${randomUUID()}`);
        const program = startProgram(programOf(subject, runs));
        await program.printed(words);
        program.signal('SIGKILL');
        const { stdout } = await program.ended;
        const id = /id (.*)\./.exec(stdout)?.[1] as string;
        const executor = await subject.attach(id);
        expect(executor.id).toBe(id);
        const outcomes = await Promise.allSettled(executor.futures);
        const values = outcomes.map((outcome) => (outcome as { value?: unknown }).value);
        expect(values.slice(0, SINGLE)).toEqual([0, undefined, 2, 3, 4, 5, 6, 7]);
        expect(outcomes[1]).toMatchObject({ reason: { name: 'RangeError', message: 'one' } });
        expect(values.slice(-4)).toEqual([20, 21, 22, 23]);
        // Each was made once, and the cancelled one never.
        const made = readFileSync(runs, 'utf8').trim().split('\n').map(Number);
        expect(made.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22, 23]);
        expect(await executor.submit((x: number) => x + 1, 1)).toBe(2);
        await executor.shutdown();
      },
    );

    it('refuses a job set whose process lives', async () => {
      const executor = subject.makeExecutor();
      const { id } = executor as unknown as { id: string };
      await executor.submit(() => 1);
      const error = await thrownBy(subject.attach(id));
      expect(error).toBeInstanceOf(JobSetInUseError);
      expect(error).toMatchObject({
        pid: process.pid,
        message: expect.stringContaining('Remedy: let it detach()'),
      });
      await executor.shutdown();
    });

    it('says that there is no such job set, or that it was shut down', async () => {
      expect(await thrownBy(subject.attach('nonesuch'))).toBeInstanceOf(DirectoryError);
      const executor = subject.makeExecutor();
      const { id } = executor as unknown as { id: string };
      await thrownBy(executor.submit(() => process.exit(3)));
      await executor.shutdown();
      const error = await thrownBy(subject.attach(id));
      expect(error).toBeInstanceOf(DirectoryError);
      expect((error as Error).message).toContain('was shut down');
    });

    it.each(['', '..', 'a/b', 7 as never])('refuses the id %p', async (id) => {
      expect(await thrownBy(subject.attach(id))).toBeInstanceOf(TypeError);
    });
  });
}
