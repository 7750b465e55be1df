import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import { MapDiffersError } from '../../../lib/base/map-errors.ts';
import { collect } from '../../support/collect.ts';
import { runProgram, startProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { testsAtOnce } from '../../support/tests-at-once.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';

// All but those that go on from one another.
const atOnce = testsAtOnce();
const parent = temporaryDirectory();
let files = 0;

/** Which calls have really run, as each of them notes. */
function newCount(): { directory: string; file: string; ran: () => string[] } {
  files += 1;
  const file = join(parent, `ran-${files}`);
  writeFileSync(file, '');
  return {
    directory: join(parent, `maps-${files}`),
    file,
    ran: () => readFileSync(file, 'utf8').split('\n').filter(Boolean),
  };
}

/** A function that notes its calls in a file, made anew, so that it has that of the caller. */
function squareIn(file: string): (x: number) => Promise<number> {
  return async (x) => {
    const { appendFileSync } = await import('node:fs');
    appendFileSync(file, `${x}\n`);
    return x * x;
  };
}

describe('a map made again in another run of a program', () => {
  const { directory, file, ran } = newCount();
  const setup = `const executor = new condorFutures.LocalExecutor(${JSON.stringify({ directory })});
    const tell = async (map) => {
      const values = [];
      for await (const value of map) values.push(value.total ?? value);
      console.log(JSON.stringify([values, await map.reused()]));
    };`;
  // It has a class, which has another name on the wire in each run.
  const source = (body: string): string => `class Sum { constructor(total) { this.total = total; } }
    async function square(x) { const { appendFileSync } = await import('node:fs');
      appendFileSync(${JSON.stringify(file)}, x + '\\n'); return new Sum(${body}); }`;

  it('runs only what is missing, in whatever order the inputs are, and wherever the function stands', async () => {
    const first = `${setup}${source('x * x')} await tell(await executor.createMap(square, [1, 2, 3]));`;
    await expect(runProgram(first)).resolves.toMatchObject({ stdout: '[[1,4,9],[]]\n', stderr: '' });
    expect(ran().toSorted()).toEqual(['1', '2', '3']);
    const second = `${setup}\n\n// Further down.\n${source('x * x')}
      await tell(await executor.createMap(square, [3, 4, 1], { tag: 'again', reuse: true }));`;
    await expect(runProgram(second)).resolves.toMatchObject({ stdout: '[[9,16,1],[0,2]]\n', stderr: '' });
    expect(ran()).toHaveLength(4);
    const whole = second.replace('again', 'whole');
    await expect(runProgram(whole)).resolves.toMatchObject({ stdout: '[[9,16,1],[0,1,2]]\n', stderr: '' });
    expect(ran()).toHaveLength(4);
  });

  it('runs all of it if the function is another', async () => {
    const changed = `${setup}${source('x + x')} await tell(await executor.createMap(square, [1], { reuse: true }));`;
    await expect(runProgram(changed)).resolves.toMatchObject({ stdout: '[[2],[]]\n', stderr: '' });
    expect(ran()).toHaveLength(5);
  });

  atOnce('goes on where a program was killed', async () => {
    const { directory: place, file: counted, ran: calls } = newCount();
    const gate = join(parent, 'gate');
    const program = `const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(place)}, maxWorkers: 2 });
      async function slow(x) {
        const { appendFileSync, existsSync } = await import('node:fs');
        appendFileSync(${JSON.stringify(counted)}, x + '\\n');
        while (x > 0 && !existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20));
        return x;
      }
      const map = await executor.createMap(slow, [0, 1, 2], { tag: 'killed', reuse: true });
      await map.get(0);
      console.log('first is done');
      for await (const value of map) console.log(value);`;
    const killed = startProgram(program);
    await killed.printed('first is done');
    await until(() => calls().includes('1'));
    killed.signal('SIGKILL', 'group');
    await killed.ended;
    writeFileSync(gate, '');
    await expect(runProgram(program)).resolves.toMatchObject({
      stdout: 'first is done\n0\n1\n2\n',
      stderr: '',
    });
    expect(calls().filter((call) => call === '0')).toHaveLength(1);
  });
});

describe('a map whose program was ended while it was being made', () => {
  atOnce('is made anew with reuse: true, and has nothing of the first', async () => {
    const { directory, file, ran } = newCount();
    const program = (inputs: string, tag: string): string =>
      `const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(directory)} });
      const endless = async function* () {
        for (let x = 1; x <= 1000; x += 1) yield x;
        console.log('written');
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      };
      async function square(x) {
        const { appendFileSync } = await import('node:fs');
        appendFileSync(${JSON.stringify(file)}, x + '\\n');
        return x * x;
      }
      try {
        const map = await executor.createMap(square, ${inputs}, { tag: '${tag}', reuse: true });
        for await (const value of map) console.log(value);
        console.log(await map.reused());
      } catch (error) { console.log(error.name, error.isBeingMade); }`;
    await runProgram(program('[1]', 'other'));
    const cutOff = startProgram(program('endless()', 'cut-off'));
    try {
      await cutOff.printed('written');
      // It has taken over an outcome, and does not come to its end.
      const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
      expect(names.filter((name) => name.endsWith('outcomes/1'))).toHaveLength(2);
      const { stdout } = await runProgram(program('[5]', 'cut-off'));
      expect(stdout).toBe('MapUnfinishedError true\n');
    } finally {
      cutOff.signal('SIGKILL', 'group');
    }
    await cutOff.ended;
    const { stdout } = await runProgram(program('[5, 1]', 'cut-off'));
    expect(stdout).toBe('25\n1\n[ 1 ]\n');
    expect(ran().toSorted()).toEqual(['1', '5']);
  });
});

describe('a map made again with reuse: true', () => {
  const { directory } = newCount();
  const executor = new LocalExecutor({ directory });
  afterAll(async () => executor.shutdown());

  atOnce(
    'is the very map if it has the tag: what failed runs again, further inputs are added, the rest is left alone',
    async () => {
      const { file, ran } = newCount();
      const flag = join(parent, 'mended');
      const shaky = async (x: number): Promise<number> => {
        const { appendFileSync, existsSync } = await import('node:fs');
        appendFileSync(file, `${x}\n`);
        if (x === 2 && !existsSync(flag)) throw new Error('not yet');
        return x;
      };
      const map = await executor.createMap(shaky, [1, 2], { tag: 'shaky', reuse: true });
      await map.wait({ errorsOk: true });
      writeFileSync(flag, '');
      const again = await executor.createMap(shaky, [1, 2, 3], { tag: 'shaky', reuse: true });
      expect(again.directory).toBe(map.directory);
      await expect(collect(again)).resolves.toEqual([1, 2, 3]);
      expect(ran().toSorted()).toEqual(['1', '2', '2', '3']);
      const before = ran().length;
      const same = await executor.createMap(shaky, [1, 2, 3], { tag: 'shaky', reuse: true });
      await expect(collect(same)).resolves.toEqual([1, 2, 3]);
      expect(ran()).toHaveLength(before);
    },
  );

  atOnce('is refused if it has the tag and is of something else, which the error tells', async () => {
    const square = squareIn(newCount().file);
    const map = await executor.createMap(square, [1, 2], { tag: 'fixed' });
    await map.wait();
    const options = { tag: 'fixed', reuse: true };
    const others = [
      await thrownBy(executor.createMap((x: number) => x, [1, 2], options)),
      await thrownBy(executor.createMap(square, [1, 3], options)),
      await thrownBy(executor.createMap(square, [1], options)),
      await thrownBy(executor.createStarmap(square, [[1], [2]], options)),
      await thrownBy(
        new LocalExecutor({ directory, environment: { SEED: 1 } }).createMap(square, [1, 2], options),
      ),
    ];
    expect(others.map((error) => (error as MapDiffersError).difference)).toEqual([
      'function',
      'inputs',
      'inputs',
      'form',
      'surroundings',
    ]);
    expect(others[1]).toMatchObject({ tag: 'fixed', component: 1 });
    expect(String(others[2])).toContain('it has 2 components, and there were 1 inputs');
    await expect(executor.createMap(square, [1], { tag: 'fixed' })).rejects.toThrow(/taken by another map/);
    await expect(collect(map)).resolves.toEqual([1, 4]);
  });

  atOnce(
    'takes outcomes over from maps of any shape, with what was printed, and keeps them when those are removed',
    async () => {
      const { file: counted, ran: calls } = newCount();
      const speak = async (x: number, list: { y: number }): Promise<number> => {
        const { appendFileSync } = await import('node:fs');
        appendFileSync(counted, `${x}\n`);
        console.log(`called with ${x}`);
        if (list.y < 0) throw new RangeError('below');
        return x + list.y;
      };
      const first = await executor.createStarmap(speak, [
        [1, { y: 2 }],
        [2, { y: -1 }],
      ]);
      await first.wait({ errorsOk: true });
      // As outputFile() leaves it.
      mkdirSync(join(first.directory, 'files', '1', 'plots'), { recursive: true });
      writeFileSync(join(first.directory, 'files', '1', 'plots', 'a.svg'), '<svg/>');
      const second = await executor.createProduct(
        speak,
        [
          [2, 1],
          [{ y: -1 }, { y: 2 }],
        ],
        { reuse: true },
      );
      await second.wait({ errorsOk: true });
      await expect(second.reused()).resolves.toEqual([3]);
      expect(calls().toSorted()).toEqual(['1', '1', '2', '2', '2']);
      await first.remove();
      await expect(second.get(3)).resolves.toBe(3);
      await expect(second.stdout(3)).resolves.toBe('called with 1\n');
      expect(readFileSync(join(second.directory, 'files', '4', 'plots', 'a.svg'), 'utf8')).toBe('<svg/>');
      await expect(second.inputs(3)).resolves.toEqual([1, { y: 2 }]);
      await second.rerun([3]);
      await expect(second.get(3)).resolves.toBe(3);
      await expect(second.reused()).resolves.toEqual([]);
      expect(calls()).toHaveLength(6);
    },
  );

  atOnce('does not count submit commands and limits, but what is captured', async () => {
    const { file: counted, ran: calls } = newCount();
    const state = { offset: 1 };
    const shift = async (x: number): Promise<number> => {
      const { appendFileSync } = await import('node:fs');
      appendFileSync(counted, `${x}\n`);
      return x + state.offset;
    };
    await (await executor.createMap(shift, [1])).wait();
    const submit = { request_memory: (x: number) => `${x}GB` };
    const same = await executor.createMap(shift, [1], { reuse: true, submit, timeLimit: 60_000 });
    await expect(same.reused()).resolves.toEqual([0]);
    state.offset = 2;
    const other = await executor.createMap(shift, [1], { reuse: true });
    await expect(other.get(0)).resolves.toBe(3);
    expect(calls()).toHaveLength(2);
  });
});
