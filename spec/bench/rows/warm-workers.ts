import { HTCondorExecutor, LocalExecutor, type Executor } from 'condor-futures';
import type { Bench, Figures, Row } from '../row.ts';

const CALLS = 2000;
const GOAL = 500;
const WORKERS = 2;

/** How many no-op calls a second come back from workers that are there already. */
function row(name: string, title: string, needsPool: boolean, make: (bench: Bench) => Executor): Row {
  return {
    name,
    title,
    unit: 'calls/s',
    goal: `> ${GOAL} calls/s`,
    needsPool,
    rounds: 3,
    async measure(bench): Promise<Figures> {
      await using executor = make(bench);
      // The start of the workers is not measured.
      await run(executor, 100);
      return { ours: await run(executor, CALLS), beside: {} };
    },
    reached: ({ ours }) => ours > GOAL,
  };
}

const rows: Row[] = [
  row('warm-workers', `${CALLS} no-op calls on ${WORKERS} workers`, true, ({ directory }) => {
    const submit = { request_memory: 128, request_disk: 1024 };
    return new HTCondorExecutor({ directory, submit, workers: { max: WORKERS } });
  }),
  row(
    'warm-workers-local',
    `${CALLS} no-op calls on ${WORKERS} workers of this machine`,
    false,
    ({ directory }) => {
      return new LocalExecutor({ directory, maxWorkers: WORKERS, workers: { max: WORKERS } });
    },
  ),
];
export default rows;

/** @returns calls a second, from the first `submit` to the last value */
async function run(executor: Executor, calls: number): Promise<number> {
  const start = performance.now();
  await Promise.all(Array.from({ length: calls }, () => executor.submit(() => {})));
  return (calls / (performance.now() - start)) * 1000;
}
