import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { JobSet, type InputLocation } from '../../lib/job-set/job-set.ts';
import * as names from '../../lib/job-set/names.ts';
import { decodeOutcome, encodeArguments, encodeCall, type EncodedOutcome } from '../../lib/payload/call.ts';
import { describeFunction } from '../../lib/payload/describe-function.ts';
import type { AnyFunction, FunctionDescription } from '../../lib/payload/function-description.ts';
import { decodeThrown } from '../../lib/payload/thrown.ts';
import { deserializeValue } from '../../lib/payload/value.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const runner = fileURLToPath(new URL('../../dist/runner.cjs', import.meta.url));
const parent = temporaryDirectory();
let jobSet: JobSet;
let jobs = 0;
beforeAll(async () => {
  jobSet = await JobSet.create(parent, { runner, node: process.execPath, execArgv: [], setup: [] }, {});
});

interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of each of the job's calls: its value, or what it threw. */
  readonly results: unknown[];
  readonly outcome: EncodedOutcome | undefined;
}

async function write(description: FunctionDescription, lists: readonly unknown[][]): Promise<InputLocation> {
  jobs += 1;
  await jobSet.writeFunction(`function${jobs}`, JSON.stringify(description));
  const items = lists.map((list) => ({ arguments: encodeArguments(list) }));
  const [location] = await jobSet.writeInputs([encodeCall(`function${jobs}`, items)]);
  return location as InputLocation;
}

async function run({ batch, offset, length }: InputLocation): Promise<Ran> {
  const key = String(jobs);
  const args = [names.runnerFile(jobSet.directory), jobSet.directory, key, batch, offset, length].map(String);
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: process.env,
  });
  const bytes = await jobSet.readOutcome(key);
  const outcome = bytes === undefined ? undefined : decodeOutcome(bytes);
  const results = (outcome?.items ?? []).map((item) =>
    'value' in item ? deserializeValue(item.value) : decodeThrown(item.thrown, 'the job'),
  );
  return { exitCode: status, stdout, stderr, results, outcome };
}

const call = async (fn: AnyFunction, ...args: unknown[]): Promise<Ran> =>
  run(await write(describeFunction(fn), [args]));

describe('The runner', () => {
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
      return x === 3 ? () => {} : x;
    };
    const { results } = await run(await write(describeFunction(fn), [[1], [2], [3], [4]]));
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
    const source = {
      kind: 'source',
      name: 'f',
      source: 'x => {',
      form: 'expression',
      strict: true,
      directory: '/',
    } as const;
    expect((await run(await write(source, [[]]))).results).toEqual([
      expect.objectContaining({ name: 'FunctionSyntaxError' }),
    ]);
    const module = { kind: 'module', module: '/nonesuch.mjs', exportName: 'f', directory: '/' } as const;
    expect((await run(await write(module, [[], []]))).results).toEqual([
      expect.objectContaining({ name: 'ModuleLoadError', module: '/nonesuch.mjs' }),
      expect.objectContaining({ name: 'ModuleLoadError' }),
    ]);
  });

  it('refuses a function or input that another user could have written', async () => {
    const location = await write(
      describeFunction(() => 1),
      [[]],
    );
    const file = names.functionFile(jobSet.directory, `function${jobs}`);
    chmodSync(file, 0o666);
    expect((await run(location)).results).toEqual([
      expect.objectContaining({ name: 'OwnershipError', file }),
    ]);
  });

  it('refuses inputs of another format, or that end too early', async () => {
    jobs += 1;
    const [torn] = await jobSet.writeInputs([Buffer.from('no call')]);
    expect((await run(torn as InputLocation)).results).toEqual([
      expect.objectContaining({ name: 'PayloadError' }),
    ]);
    const location = await write(
      describeFunction(() => 1),
      [[]],
    );
    const { results } = await run({ ...location, length: location.length + 1 });
    expect(results).toEqual([
      expect.objectContaining({ message: expect.stringContaining('before the end of the call') }),
    ]);
  });

  it('ends with an error, and no torn outcome, when it cannot write one', async () => {
    const location = await write(
      describeFunction(() => 1),
      [[]],
    );
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
    expect(status).toBe(1);
    expect(stderr).toMatch(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(readdirSync(outcomes).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is one file that needs nothing beside it', () => {
    const text = readFileSync(runner, 'utf8');
    const required = [...text.matchAll(/require\("([^"]+)"\)/g)].map(([, module]) => module);
    expect(required.filter((module) => module?.startsWith('node:') !== true)).toEqual([]);
  });
});
