import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { groupExecutor, type Subject } from './subject.ts';

/** To be submitted: notes each try in the file, and fails in one way or another before the given one. */
async function succeedAt(file: string, succeeds: number, how: 'throw' | 'die'): Promise<string> {
  const { appendFileSync, readFileSync: read } = await import('node:fs');
  appendFileSync(file, '.');
  const { length } = read(file);
  console.log(`try ${length}`);
  if (length >= succeeds) return `at ${length}`;
  if (how === 'die') process.kill(process.pid, 'SIGKILL');
  throw new Error(`try ${length}`);
}

/** `with()`. */
export function jobOptions(subject: Subject): void {
  describe('with()', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();
    const newFile = (): string => join(subject.options.directory, `tries-${randomUUID()}`);

    atOnce('tries a call again that threw or whose job died, as often as it says', async () => {
      const files = [newFile(), newFile(), newFile(), newFile()] as const;
      const patient = executor().with({ retries: 2 });
      const thrower = patient.submit(succeedAt, files[0], 3, 'throw');
      const mortal = patient.submit(succeedAt, files[1], 2, 'die');
      const hopeless = patient.submit(succeedAt, files[2], 9, 'throw');
      const impatient = executor().submit(succeedAt, files[3], 2, 'throw');
      expect(await Promise.all([thrower, mortal])).toEqual(['at 3', 'at 2']);
      expect(await thrownBy(hopeless)).toMatchObject({ message: 'try 3' });
      expect(await thrownBy(impatient)).toMatchObject({ message: 'try 1' });
      const calls = [thrower, mortal, hopeless, impatient];
      expect(calls.map((call) => call.attempts)).toEqual([3, 2, 3, 1]);
      expect(files.map((file) => readFileSync(file).length)).toEqual([3, 2, 3, 1]);
      expect(await thrower.stdout()).toBe('try 3\n');
      expect(await hopeless.stdout()).toBe('try 3\n');
    });

    atOnce('retries the calls of a map too', async () => {
      const results = executor()
        .with({ retries: 1 })
        .starmap(succeedAt, [[newFile(), 2, 'throw']]);
      expect(await results.next()).toEqual({ value: 'at 2', done: false });
    });

    atOnce('keeps the options of the executor it is called on', async () => {
      const file = newFile();
      const call = executor().with({ retries: 1 }).with({ submit: {} }).submit(succeedAt, file, 2, 'throw');
      expect(await call).toBe('at 2');
    });

    it.each([
      [{ retries: -1 }, RangeError],
      [{ retries: 1.5 }, RangeError],
      [{ retries: 'many' }, TypeError],
      [{ signal: new AbortController() }, TypeError],
      [{ signals: [] }, TypeError],
      [{ submit: 'fast' }, TypeError],
    ])('refuses %p', (options, error) => {
      expect(() => executor().with(options as never)).toThrow(error);
    });
  });
}
