import { HTCondorExecutor, type HTCondorExecutorOptions } from 'condor-futures';
import type { Figures, Row } from '../row.ts';

const JOBS = 50;

const row: Row = {
  name: 'other-shape',
  title: `${JOBS} futures of 300 MB, after ${JOBS} of 10 MB of another executor, whose claims may be kept`,
  unit: 's',
  goal: '≤ 1.3 × where no claims are kept',
  needsPool: true,
  rounds: 3,
  async measure({ directory }): Promise<Figures> {
    return {
      ours: await stall(directory, {}),
      beside: {
        'no claims kept': await stall(directory, { keepClaims: 0 }),
        'all kept for 40 s': await stall(directory, { keepClaims: Infinity, keepClaimsFor: 40_000 }),
      },
    };
  },
  reached: ({ beside }) => (beside['no claims kept']?.ratio ?? Infinity) <= 1.3,
};
export default row;

/** The seconds that futures need whose jobs do not fit on the claims that may be kept. */
async function stall(directory: string, options: HTCondorExecutorOptions): Promise<number> {
  await using keeping = new HTCondorExecutor({ directory, submit: request(10), ...options });
  await calls(keeping);
  const start = performance.now();
  await using others = new HTCondorExecutor({ directory, submit: request(300), keepClaims: 0 });
  await calls(others);
  return (performance.now() - start) / 1000;
}

async function calls(executor: HTCondorExecutor): Promise<void> {
  await Promise.all(Array.from({ length: JOBS }, () => executor.submit(() => {})));
}

function request(memory: number): Readonly<Record<string, number>> {
  return { request_memory: memory, request_disk: 1024 };
}
