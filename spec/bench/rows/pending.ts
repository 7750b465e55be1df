import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { builtModule } from '../../support/built-file.ts';
import type { Bench, Row } from '../row.ts';

const CALLS = 100_000;
const PROGRAM = fileURLToPath(new URL('../pending-futures.mjs', import.meta.url));

const MODULES = [
  'batch/htcondor/event-log',
  'cluster/cluster-executor',
  'cluster/cluster-options',
  'payload/call',
] as const;

interface Pending {
  /** Of heap, for each future. */
  readonly bytes: number;
  readonly handles: number;
  /** In percent of a core. */
  readonly idle: number;
  /** In seconds. */
  readonly settled: number;
  readonly files: number;
}

/** One run of the program has the figures of all rows of a round. */
const runs = new Map<string, Promise<Pending>>();

async function run({ directory, round }: Bench, calls: number): Promise<Pending> {
  const name = `${round}-${calls}`;
  const found = runs.get(name) ?? start(join(directory, name), calls);
  runs.set(name, found);
  return found;
}

async function start(directory: string, calls: number): Promise<Pending> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    PROGRAM,
    directory,
    String(calls),
    ...MODULES.map(builtModule),
  ]);
  return JSON.parse(stdout) as Pending;
}

const common = { needsPool: false, rounds: 1 } as const;
const rows: Row[] = [
  {
    ...common,
    name: 'pending-100000',
    title: `heap of each of ${CALLS.toLocaleString('en-US')} pending futures`,
    unit: 'bytes',
    goal: '< 2,000 bytes',
    measure: async (bench) => ({ ours: (await run(bench, CALLS)).bytes, beside: {} }),
    reached: ({ ours }) => ours < 2000,
  },
  {
    ...common,
    name: 'handles-100000',
    title: 'open files of the whole process while they are pending',
    unit: 'handles',
    goal: '≤ 20',
    measure: async (bench) => ({ ours: (await run(bench, CALLS)).handles, beside: {} }),
    reached: ({ ours }) => ours <= 20,
  },
  {
    ...common,
    name: 'idle-100000',
    title: 'processor while they are pending and nothing happens',
    unit: '% of a core',
    goal: '< 1 %',
    measure: async (bench) => ({ ours: (await run(bench, CALLS)).idle, beside: {} }),
    reached: ({ ours }) => ours < 1,
  },
  {
    ...common,
    name: 'settle-100000',
    title: 'settling all of them once their outcomes and events are on the disk',
    unit: 's',
    goal: '< 10 s',
    measure: async (bench) => ({ ours: (await run(bench, CALLS)).settled, beside: {} }),
    reached: ({ ours }) => ours < 10,
  },
  {
    ...common,
    name: 'files-after-100000',
    title: 'files on the disk when all of them have settled, before shutdown',
    unit: 'files',
    goal: 'as many as after 1,000',
    measure: async (bench) => ({
      ours: (await run(bench, CALLS)).files,
      beside: { 'after 1,000': (await run(bench, 1000)).files },
    }),
    reached: ({ beside }) => beside['after 1,000']?.ratio === 1,
  },
];
export default rows;
