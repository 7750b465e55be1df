import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { shortHashOf } from '../../lib/cluster/calls/functions.ts';
import { JobSet, type InputLocation } from '../../lib/job-set/job-set.ts';
import * as names from '../../lib/job-set/names.ts';
import type { AnyFunction } from '../../lib/payload/graph.ts';
import { decodeOutcome, encodeCall, type EncodedOutcome } from '../../lib/payload/call.ts';
import { deserialize } from '../../lib/payload/deserialize.ts';
import { writeGraph } from '../../lib/payload/format.ts';
import { moduleFunction } from '../../lib/payload/module-function.ts';
import { serialize } from '../../lib/payload/serialize.ts';
import { decodeThrown } from '../../lib/payload/thrown-values.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { RUNNER } from '../support/built-file.ts';

const runner = RUNNER;
const code = join(dirname(runner), names.CODE_FILE);
const parent = temporaryDirectory();
let jobSet: JobSet;
let jobs = 0;
beforeAll(async () => {
  const environment = { variables: {} };
  jobSet = await JobSet.create(
    parent,
    { runner, code, node: process.execPath, execArgv: [], environment, setup: [] },
    {},
  );
});

interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of each of the job's calls: its value, or what it threw. */
  readonly results: unknown[];
  readonly outcome: EncodedOutcome | undefined;
}

interface Job extends InputLocation {
  readonly hash: string;
}

/** @param fn a function, or the bytes of its file */
async function write(fn: AnyFunction | Uint8Array, lists: readonly unknown[][]): Promise<Job> {
  jobs += 1;
  const bytes = typeof fn === 'function' ? serialize(fn) : fn;
  await jobSet.writeFunction(shortHashOf(bytes), bytes);
  const items = lists.map((list) => ({ arguments: serialize(list) }));
  const options = { capture: {}, otherNode: 'refuse', main: '' } as const;
  const call = encodeCall({ function: shortHashOf(bytes), items, options });
  const [location] = await jobSet.writeInputs([call]);
  return { ...(location as InputLocation), hash: shortHashOf(call) };
}

async function run({ batch, offset, length, hash }: Job, directory = jobSet.directory): Promise<Ran> {
  const key = String(jobs);
  const args = [names.runnerFile(jobSet.directory), directory, key, batch, offset, length, hash].map(String);
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: process.env,
  });
  const bytes = await jobSet.readOutcome(key);
  const outcome = bytes === undefined ? undefined : decodeOutcome(bytes);
  const results = await Promise.all(
    (outcome?.items ?? []).map(async (item) => {
      if ('timeLimit' in item) return item;
      if ('primitive' in item) return item.primitive;
      return 'value' in item ? deserialize(item.value) : decodeThrown(item.thrown, 'the job');
    }),
  );
  return { exitCode: status, stdout, stderr, results, outcome };
}

const call = async (fn: AnyFunction, ...args: unknown[]): Promise<Ran> => run(await write(fn, [args]));

describe('The runner', () => {
  it('does not make a call again whose outcome is there, but one whose outcome is torn', async () => {
    const job = await write(
      async (file: string) => {
        const { appendFileSync } = await import('node:fs');
        appendFileSync(file, 'run\n');
      },
      [[join(parent, 'runs')]],
    );
    const runs = (): string => readFileSync(join(parent, 'runs'), 'utf8');
    await run(job);
    expect((await run(job)).exitCode).toBe(0);
    expect(runs()).toBe('run\n');
    truncateSync(names.outcomeFile(jobSet.directory, String(jobs)), 100);
    const { outcome } = await run(job);
    expect(outcome).toBeDefined();
    expect(runs()).toBe('run\nrun\n');
  });

  it('writes the value with who, where and when, and nothing else', async () => {
    const { exitCode, stdout, stderr, results, outcome } = await call(async (x: number) => x + 1, 41);
    expect({ exitCode, stdout, stderr, results }).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
      results: [42],
    });
    expect(outcome).toMatchObject({
      nodeVersion: process.version,
      host: expect.any(String),
      pid: expect.any(Number),
    });
    expect(outcome?.endedAt).toBeGreaterThanOrEqual(outcome?.startedAt as number);
    expect(outcome?.userCpuMs).toBeGreaterThan(0);
    expect(outcome?.peakMemoryBytes).toBeGreaterThan(10_000_000);
  });

  it('makes several calls one after the other, each with its own outcome', async () => {
    const fn = (x: number): unknown => {
      if (x === 2) throw new RangeError('two');
      return x === 3 ? new WeakRef({}) : x;
    };
    const { results } = await run(await write(fn, [[1], [2], [3], [4]]));
    expect(results).toEqual([
      1,
      expect.objectContaining({ name: 'RangeError', message: 'two' }),
      expect.objectContaining({ name: 'SerializationError', path: 'result' }),
      4,
    ]);
  });

  it('leaves what the call prints to stdout and stderr, all of it', async () => {
    const { stdout, stderr } = await call(() => {
      process.stdout.write('x'.repeat(300_000));
      console.error('warned');
    });
    expect(stdout.length).toBe(300_000);
    expect(stderr).toBe('warned\n');
  });

  it('ends, whatever the call left running', async () => {
    const fn = (): number => {
      setInterval(() => {}, 1000);
      return 1;
    };
    expect(await call(fn)).toMatchObject({ exitCode: 0, results: [1] });
  });

  it.each<[string, AnyFunction, object]>([
    ['process.exit(0)', () => process.exit(0), { name: 'ProcessExitError', exitCode: 0 }],
    [
      'process.exit(3) behind an await',
      async () => process.exit(await Promise.resolve(3)),
      { name: 'ProcessExitError', exitCode: 3 },
    ],
    [
      'an unhandled rejection',
      async () => {
        void Promise.reject(new TypeError('lost'));
        return new Promise(() => {});
      },
      { name: 'UnhandledRejectionError', cause: expect.objectContaining({ message: 'lost' }) },
    ],
    [
      'an exception in a timer',
      async () =>
        new Promise(() =>
          setTimeout(() => {
            throw new TypeError('late');
          }),
        ),
      { name: 'UncaughtExceptionError', cause: expect.objectContaining({ message: 'late' }) },
    ],
    ['a promise that never settles', async () => new Promise(() => {}), { name: 'NeverSettledError' }],
    [
      'a result that is a socket',
      async () => new (await import('node:net')).Socket(),
      { name: 'SerializationError' },
    ],
    [
      'a stack overflow',
      function deep(): unknown {
        return deep();
      },
      { name: 'RangeError' },
    ],
  ])('tells each way to fail from the others: %s', async (_, fn, error) => {
    const { results } = await call(fn);
    expect(results).toEqual([expect.objectContaining(error)]);
  });

  it('says that the source does not compile, or that the module is missing', async () => {
    const place = { file: 0, line: 0, column: 0 };
    const node = {
      kind: 'function',
      place,
      before: '(',
      text: 'x => {',
      after: ')',
      strict: true,
      context: -1,
      name: 'f',
      length: 1,
    } as const;
    const broken = writeGraph({
      root: [0],
      nodes: [node],
      contexts: [],
      files: [{ url: '/f.mjs' }],
      globals: [],
    });
    expect((await run(await write(broken, [[]]))).results).toEqual([
      expect.objectContaining({ name: 'FunctionSyntaxError' }),
    ]);
    const missing = moduleFunction('/nonesuch.mjs', 'f');
    expect((await run(await write(missing, [[], []]))).results).toEqual([
      expect.objectContaining({ name: 'ModuleLoadError', module: expect.stringContaining('/nonesuch.mjs') }),
      expect.objectContaining({ name: 'ModuleLoadError' }),
    ]);
  });

  it('refuses a function or input that another user could have written', async () => {
    const fn = (): number => 2;
    const job = await write(fn, [[]]);
    const file = names.functionFile(jobSet.directory, shortHashOf(serialize(fn)));
    chmodSync(file, 0o666);
    expect((await run(job)).results).toEqual([expect.objectContaining({ name: 'OwnershipError', file })]);
  });

  it('refuses a function or input that is a link', async () => {
    const fn = (): number => 5;
    const job = await write(fn, [[]]);
    for (const file of [
      names.functionFile(jobSet.directory, shortHashOf(serialize(fn))),
      names.inputsFile(jobSet.directory, job.batch),
    ]) {
      renameSync(file, `${file}.away`);
      symlinkSync(`${file}.away`, file);
      expect((await run(job)).results).toEqual([expect.objectContaining({ name: 'OwnershipError', file })]);
      renameSync(`${file}.away`, file);
      await jobSet.removeOutcome(String(jobs));
    }
  });

  it('refuses a job set that is a link', async () => {
    const link = join(parent, 'link');
    symlinkSync(jobSet.directory, link);
    const { results } = await run(await write(() => 6, [[]]), link);
    expect(results).toEqual([expect.objectContaining({ name: 'OwnershipError', file: link })]);
  });

  it('runs nothing but the very bytes that were submitted', async () => {
    const fn = (): number => 3;
    const job = await write(fn, [[]]);
    const file = names.functionFile(jobSet.directory, shortHashOf(serialize(fn)));
    writeFileSync(
      file,
      serialize(() => 4),
    );
    expect((await run(job)).results).toEqual([
      expect.objectContaining({ name: 'PayloadError', message: expect.stringContaining(file) }),
    ]);
    const inputs = { ...(await write(fn, [[]])), hash: shortHashOf(Buffer.from('other')) };
    expect((await run(inputs)).results).toEqual([expect.objectContaining({ name: 'PayloadError' })]);
  });

  it('refuses inputs of another format, or that end too early', async () => {
    jobs += 1;
    const [torn] = await jobSet.writeInputs([Buffer.from('no call')]);
    const hash = shortHashOf(Buffer.from('no call'));
    expect((await run({ ...(torn as InputLocation), hash })).results).toEqual([
      expect.objectContaining({ name: 'PayloadError' }),
    ]);
    const location = await write(() => 1, [[]]);
    const { results } = await run({ ...location, length: location.length + 1 });
    expect(results).toEqual([
      expect.objectContaining({ message: expect.stringContaining('before the end of the call') }),
    ]);
  });

  it('ends with an error, and no torn outcome, when it cannot write one', async () => {
    const location = await write(() => 1, [[]]);
    const outcomes = names.outcomesDirectory(jobSet.directory);
    // A directory in the place of the outcome: nothing can be renamed to it.
    const blocked = join(outcomes, String(jobs), 'x');
    spawnSync('mkdir', ['-p', blocked]);
    const args = [
      names.runnerFile(jobSet.directory),
      jobSet.directory,
      String(jobs),
      ...Object.values(location).map(String),
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: process.env });
    expect(status).toBe(74);
    expect(stderr).toMatch(/The result could not be written: (EISDIR|ENOTEMPTY|EEXIST)/);
    expect(readdirSync(outcomes).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is two files that need nothing beside them', () => {
    for (const file of [runner, code]) {
      const text = readFileSync(file, 'utf8');
      const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, module]) => module);
      expect(required.filter((module) => module?.startsWith('node:') !== true)).toEqual([]);
    }
  });

  it('loads no module of Node that a plain call does not need', async () => {
    const { results } = await call(() => (process as unknown as { moduleLoadList: string[] }).moduleLoadList);
    const loaded = new Set(results[0] as string[]);
    const seldom = ['child_process', 'fs/promises', 'inspector', 'net', 'tty', 'worker_threads', 'zlib'];
    expect(seldom.filter((name) => loaded.has(`NativeModule ${name}`))).toEqual([]);
  });
});
