import { afterAll, describe, expect, it } from '@jest/globals';
import type { SubmitOptions } from '../../lib/batch/submit-options.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { observe, type SubmissionMessage } from '../../lib/base/diagnostics.ts';
import { configure } from '../support/pool-control.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };

afterAll(async () => configure({}));

/** Runs calls under limits of the pool, and tells what became of each submission. */
async function run(
  limits: Readonly<Record<string, number>>,
  count: number,
  late: SubmitOptions = {},
): Promise<SubmissionMessage[]> {
  await configure(limits);
  const told: SubmissionMessage[] = [];
  const stop = observe('submission', (message) => told.push(message));
  await using executor = new HTCondorExecutor({ directory, submit: { ...submit, ...late } });
  const futures = Array.from({ length: count }, (_, index) => executor.submit((x: number) => 2 * x, index));
  expect(await Promise.all(futures)).toEqual(futures.map((_, index) => 2 * index));
  expect(futures.every(({ attempts }) => attempts === 1)).toBe(true);
  stop();
  return told;
}

describe('Calls', () => {
  it.each(['MAX_JOBS_PER_SUBMISSION', 'SUBMIT_MAX_PROCS_IN_CLUSTER'])(
    'that are more at once than %s allows are submitted in parts',
    async (limit) => {
      const told = await run({ [limit]: 4 }, 10);
      expect(told.map(({ count, postponed }) => (postponed === true ? -count : count))).toEqual([
        -10, -5, 2, 2, 2, 2, 2,
      ]);
    },
  );

  it.each(['MAX_JOBS_PER_SUBMISSION', 'SUBMIT_MAX_PROCS_IN_CLUSTER', 'MAX_JOBS_SUBMITTED'])(
    'whose jobs come into the queue bit by bit stay one cluster, more than %s allows',
    async (limit) => {
      const told = await run({ [limit]: 4 }, 10, { max_materialize: 3 });
      expect(told).toMatchObject([{ count: 10, jobIds: expect.anything() }]);
    },
  );

  it.each(['MAX_JOBS_PER_OWNER', 'MAX_JOBS_SUBMITTED'])(
    'that are more in the queue than %s allows wait for places',
    async (limit) => {
      const told = await run({ [limit]: 4 }, 12);
      expect(told[0]).toMatchObject({ count: 12, postponed: true });
      const taken = told.filter(({ jobIds }) => jobIds !== undefined);
      expect(taken.reduce((sum, { count }) => sum + count, 0)).toBe(12);
    },
  );
});
