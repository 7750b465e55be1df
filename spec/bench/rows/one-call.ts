import { HTCondorExecutor } from 'condor-futures';
import { bareJob } from '../bare-job.ts';
import { median, type Figures, type Row } from '../row.ts';

const CALLS = 50;
const submit = { request_memory: 128, request_disk: 1024 };

const row: Row = {
  name: 'one-call',
  title: `one call on a kept claim, from submit to resolved (median of ${CALLS})`,
  unit: 'ms',
  goal: 'within 60 ms of a bare node job on a kept claim, from submit to terminate',
  needsPool: true,
  rounds: 3,
  async measure({ directory }): Promise<Figures> {
    await using executor = new HTCondorExecutor({ directory, submit });
    await executor.submit(() => {});
    const calls: number[] = [];
    const bare: number[] = [];
    for (let count = 0; count < CALLS; count += 1) {
      bare.push(await bareJob(directory, { ...submit, keep_claim_idle: 20 }));
      await claimIdle();
      const start = performance.now();
      await executor.submit(() => {});
      calls.push(performance.now() - start);
      await claimIdle();
    }
    return { ours: median(calls), beside: { 'bare node job': median(bare) } };
  },
  reached: ({ ours, beside }) => ours <= (beside['bare node job']?.median ?? 0) + 60,
};
export default row;

/** A job's end is known a little before the schedd has its claim back: who submits at once waits for that, too. */
async function claimIdle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150));
}
