import { HTCondorExecutor, observe } from 'condor-futures';
import { bareJobs } from '../bare-jobs.ts';
import { peerCalls } from '../peers.ts';
import { median, type Bench, type Figures, type Row } from '../row.ts';

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

/** The milliseconds from the first `submit` to the last value; notes where they go. */
async function futures({ directory, round, note }: Bench): Promise<number> {
  const start = performance.timeOrigin + performance.now();
  let submitted = start;
  const stop = observe('submission', () => (submitted = performance.timeOrigin + performance.now()));
  await using executor = new HTCondorExecutor({ directory, submit });
  const calls = Array.from({ length: JOBS }, () => executor.submit(() => {}));
  const settled = await Promise.all(
    calls.map(async (future) => {
      await future;
      return performance.timeOrigin + performance.now();
    }),
  );
  stop();
  const begun = calls.map(({ usage }) => Number(usage?.startedAt));
  const ended = calls.map(({ usage }) => Number(usage?.endedAt));
  const end = Math.max(...settled);
  const ms = (from: number, to: number): string => `${Math.round(to - from)} ms`;
  note(
    `round ${round}: submit ${ms(start, submitted)}, to the first call ${ms(submitted, Math.min(...begun))}, ` +
      `to the last call's end ${ms(Math.min(...begun), Math.max(...ended))}, to the last value ${ms(Math.max(...ended), end)}; ` +
      `of each job (medians): from the runner's first instruction to the outcome ${ms(0, median(ended.map((time, index) => time - (begun[index] as number))))}, ` +
      `from there to its value ${ms(0, median(settled.map((time, index) => time - (ended[index] as number))))}`,
  );
  return end - start;
}
