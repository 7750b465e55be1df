import { type Executor, HTCondorExecutor, LocalExecutor } from 'condor-futures';
import type { Row } from '../row.ts';

const CALLS = 100_000;
const CHUNK = 2000;

/** Calls a second, from the call of `map` to the last result, of calls that take about 1 µs. */
async function callsPerSecond(executor: Executor): Promise<number> {
  // What is measured is not the start of an executor.
  await executor.submit(() => 0);
  const start = performance.now();
  let results = 0;
  for await (const value of executor.map(spin, items(), { chunkSize: CHUNK })) results += value;
  if (results !== CALLS) throw new Error(`${results} of ${CALLS} calls have returned`);
  return CALLS / ((performance.now() - start) / 1000);
}

function* items(): Generator<number> {
  for (let item = 0; item < CALLS; item += 1) yield item;
}

function spin(item: number): number {
  let sum = item;
  for (let step = 0; step < 1000; step += 1) sum = (sum * 31 + step) % 65_521;
  return sum < 0 ? 0 : 1;
}

const common = {
  title: `map of ${CALLS.toLocaleString('en-US')} calls of 1 µs, chunkSize ${CHUNK}`,
  unit: 'calls/s',
  goal: '> 10,000 a second',
  reached: ({ ours }) => ours > 10_000,
} satisfies Partial<Row>;

const rows: Row[] = [
  {
    ...common,
    name: 'map-chunks',
    needsPool: false,
    async measure({ directory }) {
      await using executor = new LocalExecutor({ directory });
      return { ours: await callsPerSecond(executor), beside: {} };
    },
  },
  {
    ...common,
    name: 'map-chunks-pool',
    title: `${common.title}, on the pool`,
    needsPool: true,
    async measure({ directory }) {
      const submit = { request_memory: 128, request_disk: 1024 };
      await using executor = new HTCondorExecutor({ directory, submit });
      return { ours: await callsPerSecond(executor), beside: {} };
    },
  },
];
export default rows;
