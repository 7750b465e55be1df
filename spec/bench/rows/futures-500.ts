import { HTCondorExecutor } from 'condor-futures';
import { bareJobs } from '../bare-jobs.ts';
import { peerCalls } from '../peers.ts';
import type { Bench, Figures, Row } from '../row.ts';

const JOBS = 500;
const submit = { request_memory: 128, request_disk: 1024 };

const row: Row = {
  name: 'futures-500',
  title: `${JOBS} no-op futures, end to end`,
  unit: 's',
  goal: '≤ 1.15 × bare jobs that start node; ahead of the peers',
  needsPool: true,
  rounds: 3,
  async prepare({ directory }) {
    bareJobs(directory, 32, submit);
  },
  async measure(bench): Promise<Figures> {
    const bare = bareJobs(bench.directory, JOBS, submit) / 1000;
    const ours = (await futures(bench)) / 1000;
    const peers = Object.entries(peerCalls(bench, JOBS)).map(([name, ms]) => [name, ms / 1000] as const);
    return { ours, beside: { 'bare jobs': bare, ...Object.fromEntries(peers) } };
  },
  reached: ({ beside }) =>
    Object.entries(beside).every(([name, { ratio }]) => ratio <= (name === 'bare jobs' ? 1.15 : 1)),
};
export default row;

/** The milliseconds from the first `submit` to the last value. */
async function futures({ directory }: Bench): Promise<number> {
  const start = performance.now();
  await using executor = new HTCondorExecutor({ directory, submit });
  await Promise.all(Array.from({ length: JOBS }, () => executor.submit(() => {})));
  return performance.now() - start;
}
