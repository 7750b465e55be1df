import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import { TimeoutError } from '../../lib/base/errors.ts';
import { checkpoint, currentJob, outputFile } from '../../lib/job.ts';
import type { JobMap } from '../../lib/map/job-map.ts';
import type { MappingExecutor } from '../../lib/map/mapping-executor.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

/** To be mapped: fails for three. */
function threeFails(x: number): number {
  console.log(`called with ${x}`);
  if (x === 3) throw new RangeError('three is too much');
  return x * 10;
}

/** To be mapped: fails until the file is there. */
async function needsFile(file: string): Promise<string> {
  const { existsSync: exists } = await import('node:fs');
  if (!exists(file)) throw new Error('The file is missing');
  return 'found';
}

/**
 * What a program may rely on of maps, whichever executor makes them.
 * @param options what `makeExecutor` makes all executors with; jobs see its `directory` too
 */
export function mapContract(
  name: string,
  makeExecutor: (options?: ClusterOptions) => MappingExecutor,
  { directory }: { readonly directory: string },
): void {
  describe(`A map of ${name}`, () => {
    let executor: MappingExecutor;
    beforeAll(() => {
      executor = makeExecutor();
    });
    afterAll(async () => executor.shutdown({ cancelFutures: true }));
    const atOnce = testsAtOnce();

    /** A map of one component, which runs until its gate opens. */
    async function gatedMap(): Promise<{ gate: Gate; map: JobMap<[string, string], string> }> {
      const gate = new Gate(directory);
      const map = await executor.createStarmap(passGate<string>, [[gate.file, 'passed']]);
      await until(async () => gate.reached && (await map.statuses())[0] === 'running');
      return { gate, map };
    }

    atOnce('gives its values in the order of the inputs, as local calls would', async () => {
      const factor = 7;
      const map = await executor.createMap((x: number) => ({ product: x * factor }), [1, 2, 3, 4]);
      expect(map).toHaveLength(4);
      expect(await collect(map)).toEqual([7, 14, 21, 28].map((product) => ({ product })));
      expect(await collect(map.withInputs())).toEqual([1, 2, 3, 4].map((x) => [[x], { product: 7 * x }]));
      expect(await map.isDone()).toBe(true);
      expect(await map.isActive()).toBe(false);
      await map.wait();
    });

    atOnce('takes lists of arguments, and inputs that are still being made', async () => {
      async function* lists(): AsyncGenerator<[number, string]> {
        yield [2, 'ab'];
        await Promise.resolve();
        yield [3, 'c'];
      }
      const map = await executor.createStarmap((times: number, text: string) => text.repeat(times), lists());
      expect(await collect(map)).toEqual(['abab', 'ccc']);
      expect(await map.inputs(0)).toEqual([2, 'ab']);
    });

    atOnce('tells which components failed, with what, and what they printed', async () => {
      const map = await executor.createMap(threeFails, [1, 2, 3, 4]);
      expect(await thrownBy(map.wait())).toMatchObject({
        name: 'MapComponentError',
        component: 2,
        status: 'errored',
        tag: map.tag,
        cause: { message: 'three is too much' },
      });
      await map.wait({ errorsOk: true });
      expect(await map.statuses()).toEqual(['completed', 'completed', 'errored', 'completed']);
      expect(await map.componentsByStatus()).toEqual(
        new Map([
          ['completed', [0, 1, 3]],
          ['errored', [2]],
        ]),
      );
      expect(await map.isDone()).toBe(false);
      expect(await map.isActive()).toBe(false);
      expect(await thrownBy(map.get(2))).toBeInstanceOf(RangeError);
      expect(await thrownBy(map.at(2))).toBeInstanceOf(RangeError);
      expect(await map.error(2)).toMatchObject({ message: 'three is too much' });
      expect(await map.error(3)).toBeUndefined();
      expect([...(await map.errors()).keys()]).toEqual([2]);
      expect(await map.stdout(2)).toBe('called with 3\n');
      expect(await map.stderr(0)).toBe('');
      const iteration = map[Symbol.asyncIterator]();
      expect([await iteration.next(), await iteration.next()].map(({ value }) => value)).toEqual([10, 20]);
      expect(await thrownBy(iteration.next())).toBeInstanceOf(RangeError);
    });

    atOnce('tells what components died of, and waits for none of them for ever', async () => {
      const ends = [
        (): unknown => process.kill(process.pid, 'SIGKILL'),
        (): unknown => process.exit(0),
        (): unknown => ({ pending: new Promise(() => {}) }),
      ];
      const map = await executor.createMap((end: () => unknown) => end(), ends);
      await map.wait({ errorsOk: true });
      expect(await map.statuses()).toEqual(['errored', 'errored', 'errored']);
      expect([...(await map.errors()).values()].map((error) => (error as Error).name)).toEqual([
        'JobKilledError',
        'ProcessExitError',
        'SerializationError',
      ]);
      expect(await map.rerun([0])).toEqual([0]);
      expect(await map.error(0)).toMatchObject({ name: 'JobKilledError', attempts: 2 });
    });

    atOnce('yields components as they are done, failed ones among them, with their inputs', async () => {
      const map = await executor.createMap(threeFails, [3, 5]);
      const seen = new Map<number, unknown>();
      for await (const { component, status, inputs, future } of map.asCompleted({ withInputs: true })) {
        expect(future.done()).toBe(true);
        seen.set(component, [status, inputs, await future.catch((error: Error) => error.message)]);
      }
      expect(seen.get(0)).toEqual(['errored', [3], 'three is too much']);
      expect(seen.get(1)).toEqual(['completed', [5], 50]);
    });

    atOnce('does not wait unless it is told to, and not for longer than that', async () => {
      const { gate, map } = await gatedMap();
      expect(await thrownBy(map.at(0))).toMatchObject({ name: 'ComponentPendingError', status: 'running' });
      const waits = [map.get(0, 0), map.get(0, 30), map.wait(30), collect(map.asCompleted(30))];
      for (const error of await Promise.all(waits.map(thrownBy))) expect(error).toBeInstanceOf(TimeoutError);
      expect(await map.errors()).toEqual(new Map());
      expect(await map.isActive()).toBe(true);
      const future = map.future(0);
      expect(map.future(0)).toBe(future);
      const aborted = map.get(0, { signal: AbortSignal.timeout(20) });
      expect(await thrownBy(aborted)).toMatchObject({ name: 'TimeoutError' });
      gate.open();
      expect(await map.get(0)).toBe('passed');
      expect(await future).toBe('passed');
      expect(future).toMatchObject({ state: 'finished', attempts: 1 });
    });

    atOnce('tells its calls who they are, and hears from them how far they have come', async () => {
      const gate = new Gate(directory);
      const map = await executor.createStarmap(
        async (wait: typeof passGate<number>, file: string, value: number) => {
          const job = currentJob();
          job?.progress(value / 4, `at ${value}`);
          await wait(file, value);
          return [job?.tag, job?.component, job?.attempt];
        },
        [
          [passGate, gate.file, 1],
          [passGate, gate.file, 2],
        ],
        { tag: `inside-${name}` },
      );
      await until(async () => (await map.progress(1)) !== undefined);
      expect(await map.progress(1)).toMatchObject({ fraction: 0.5, text: 'at 2', at: expect.any(Date) });
      expect(await (await executor.loadMap(map.tag)).progress(1)).toMatchObject({ fraction: 0.5 });
      gate.open();
      expect(await collect(map)).toEqual([
        [map.tag, 0, 1],
        [map.tag, 1, 1],
      ]);
      await map.rerun([1]);
      expect(await map.get(1)).toEqual([map.tag, 1, 2]);
    });

    atOnce('keeps the files that its calls send back', async () => {
      const map = await executor.createMap(
        async (text: string) => {
          const { mkdirSync, writeFileSync: write } = await import('node:fs');
          const made = `${currentJob()?.scratchDirectory}/made`;
          mkdirSync(made);
          write(`${made}/of ${text}.txt`, text);
          outputFile(made);
        },
        ['one', 'two'],
      );
      await map.get(1);
      const [sent, ...others] = await map.outputFiles(1);
      expect(others).toEqual([]);
      expect(sent?.name).toBe('made/of two.txt');
      expect(readFileSync(sent?.path as string, 'utf8')).toBe('two');
      expect(await (await executor.loadMap(map.tag)).outputFiles(1)).toEqual([sent]);
    });

    atOnce('refuses components that it does not have', async () => {
      const map = await executor.createMap((x: number) => x, [1]);
      for (const index of [-1, 1, 0.5, Number.NaN]) {
        expect(await thrownBy(map.get(index))).toBeInstanceOf(RangeError);
        expect(await thrownBy(map.error(index))).toBeInstanceOf(RangeError);
        expect(await thrownBy(map.stdout(index))).toBeInstanceOf(RangeError);
        expect(await thrownBy(map.rerun([index]))).toBeInstanceOf(RangeError);
      }
      await map.wait();
    });

    atOnce('is found again by its tag, with all that it has', async () => {
      const tag = `found-${name}`;
      const made = await executor.createMap(threeFails, [1, 3], { tag });
      expect(made).toMatchObject({ tag, isTransient: false });
      await made.wait({ errorsOk: true });
      const loaded = await executor.loadMap(tag);
      expect(loaded).toMatchObject({ tag, isTransient: false, length: 2 });
      expect(await loaded.statuses()).toEqual(['completed', 'errored']);
      expect(await loaded.get(0)).toBe(10);
      expect(await loaded.inputs(1)).toEqual([3]);
      expect(await loaded.error(1)).toBeInstanceOf(RangeError);
      const usage = await loaded.usage();
      expect(usage[0]).toMatchObject({ attempts: 1, host: expect.any(String) });
      expect(usage[0]?.memory).toBeGreaterThan(1e6);
      expect(usage[0]?.cpuMs).toBeGreaterThan(0);
      expect(await loaded.localData()).toBeGreaterThan(1000);
    });

    atOnce('runs failed components again, with what the function finds by then', async () => {
      const file = join(directory, `needed-by-${name}`);
      const map = await executor.createMap(needsFile, [file, import.meta.filename]);
      await map.wait({ errorsOk: true });
      expect(await map.statuses()).toEqual(['errored', 'completed']);
      writeFileSync(file, '');
      expect(await map.rerun()).toEqual([0]);
      expect(await map.get(0)).toBe('found');
      expect((await map.usage()).map(({ attempts }) => attempts)).toEqual([2, 1]);
      expect(await map.rerun()).toEqual([]);
      expect(await map.rerun((component) => component === 1)).toEqual([1]);
      expect(await map.get(1)).toBe('found');
    });

    atOnce(
      'lets a failed component go on after its checkpoint, and one that is completed begin anew',
      async () => {
        const map = await executor.createMap(
          async (fails: boolean) => {
            const done = (await checkpoint.load<number>()) ?? 0;
            await checkpoint.save(done + 1);
            if (fails && done === 0) throw new Error('at the first step');
            return done + 1;
          },
          [true, false],
        );
        await map.wait({ errorsOk: true });
        expect(await map.rerun([0, 1])).toEqual([0, 1]);
        expect(await collect(map)).toEqual([2, 1]);
        expect(await map.rerun([0])).toEqual([0]);
        await map.wait({ errorsOk: true });
        expect(await map.statuses()).toEqual(['errored', 'completed']);
      },
    );

    atOnce('does not run components again that are still at it', async () => {
      const { gate, map } = await gatedMap();
      expect(await thrownBy(map.rerun([0]))).toMatchObject({ name: 'ComponentStateError', components: [0] });
      gate.open();
      await map.wait();
    });

    atOnce('takes further inputs, also while it runs', async () => {
      const map = await executor.createMap(threeFails, [1]);
      expect(await map.add([2, 4])).toEqual([1, 2]);
      expect(await collect(map)).toEqual([10, 20, 40]);
      expect(await (await executor.loadMap(map.tag)).inputs(2)).toEqual([4]);
    });

    atOnce('stops when it is cancelled, keeps what it has, and can be run again', async () => {
      const { gate, map } = await gatedMap();
      expect(await map.cancel()).toEqual([0]);
      await until(async () => (await map.statuses())[0] === 'removed');
      expect(await thrownBy(map.wait())).toMatchObject({ status: 'removed' });
      expect(await thrownBy(map.get(0))).toBeInstanceOf(Error);
      gate.open();
      expect(await map.rerun()).toEqual([0]);
      expect(await map.get(0)).toBe('passed');
    });

    atOnce('tries components again as its options say', async () => {
      const file = join(directory, `tries-of-${name}`);
      const map = await executor.createMap(
        async (path: string) => {
          const { appendFileSync, readFileSync: read } = await import('node:fs');
          appendFileSync(path, '.');
          if (read(path, 'utf8').length < 3) throw new Error('not yet');
          return read(path, 'utf8');
        },
        [file],
        { retries: 3 },
      );
      expect(await map.get(0)).toBe('...');
      expect((await map.usage())[0]?.attempts).toBe(3);
      const failing = await executor.createMap(threeFails, [3], { retries: 1 });
      expect(await failing.error(0)).toBeInstanceOf(RangeError);
      expect((await failing.usage())[0]?.attempts).toBe(2);
    });

    atOnce('gets another tag, and is no longer transient then', async () => {
      const map = await executor.createMap((x: number) => x, [1]);
      const { tag } = map;
      expect(map.isTransient).toBe(true);
      expect(tag).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
      await map.retag(`renamed-${name}`);
      expect(map).toMatchObject({ tag: `renamed-${name}`, isTransient: false });
      expect(await thrownBy(executor.loadMap(tag))).toMatchObject({ name: 'TagNotFoundError' });
      expect(await (await executor.loadMap(`renamed-${name}`)).get(0)).toBe(1);
    });

    atOnce('is gone without a trace when it is removed, and says so', async () => {
      const { map } = await gatedMap();
      const { tag, directory: place } = map;
      const other = await executor.loadMap(tag);
      await map.remove();
      expect(existsSync(place)).toBe(false);
      expect(existsSync(join(directory, 'tags', tag))).toBe(false);
      for (const one of [map, other]) {
        const asked = [one.get(0), one.statuses(), one.wait(), one.stdout(0), one.rerun(), one.localData()];
        for (const error of await Promise.all(asked.map(thrownBy)))
          expect(error).toMatchObject({ name: 'MapRemovedError', tag });
      }
      expect(await thrownBy(executor.loadMap(tag))).toMatchObject({ name: 'TagNotFoundError' });
    });

    describe('that cannot be made', () => {
      const own = join(directory, `nothing-of-${name}`);
      let other: MappingExecutor;
      beforeAll(() => {
        other = makeExecutor({ directory: own });
      });
      afterAll(async () => other.shutdown());

      it.each<[why: string, make: () => Promise<unknown>, error: object]>([
        ['of no inputs', async () => other.createMap(threeFails, []), { name: 'EmptyMapError' }],
        [
          'as its inputs throw',
          async () =>
            other.createMap(
              threeFails,
              (function* () {
                yield 1;
                throw new Error('no more');
              })(),
            ),
          { message: 'no more' },
        ],
        [
          'as an input cannot travel',
          async () =>
            other.createMap((x: unknown) => typeof x, [1, new WeakMap([[{}, 1]]), Promise.resolve()]),
          { name: 'SerializationError' },
        ],
        [
          'as a list of options has the wrong length',
          async () => other.createMap(threeFails, [1, 2], { submit: { request_memory: ['1GB'] } }),
          { name: 'MisalignedOptionError', option: 'submit.request_memory' },
        ],
        [
          'as a tag is no tag',
          async () => other.createMap(threeFails, [1], { tag: 'a/b' }),
          { name: 'InvalidTagError' },
        ],
        [
          'as it is given up',
          async () => other.createMap(threeFails, [1], { signal: AbortSignal.abort(new Error('enough')) }),
          { message: 'enough' },
        ],
        [
          'with an option that there is not',
          async () => other.createMap(threeFails, [1], { tags: 'a' } as object),
          { name: 'TypeError', message: expect.stringContaining('createMap() has no option `tags`') },
        ],
        [
          'of what is no list',
          async () => other.createMap(threeFails, 7 as never),
          { name: 'TypeError', message: expect.stringContaining('Expected `inputs` to be an array') },
        ],
        [
          'of what is no function',
          async () => other.createMap('f' as never, [1]),
          { name: 'TypeError', message: expect.stringContaining('Expected `fn` to be a function') },
        ],
      ])('%s leaves nothing behind', async (_, make, error) => {
        expect(await thrownBy(make())).toMatchObject(error);
        expect(existsSync(own) ? readdirSync(own).filter((entry) => entry !== 'tags') : []).toEqual([]);
        expect(existsSync(join(own, 'tags')) ? readdirSync(join(own, 'tags')) : []).toEqual([]);
      });

      it('as its tag is taken leaves the other one alone', async () => {
        const map = await other.createMap(threeFails, [1], { tag: 'taken' });
        expect(await thrownBy(other.createMap(threeFails, [2], { tag: 'taken' }))).toMatchObject({
          name: 'TagTakenError',
          tag: 'taken',
        });
        expect(await (await other.loadMap('taken')).get(0)).toBe(10);
        await map.remove();
      });
    });
  });
}
