import { join } from 'node:path';
import type { BatchSystem } from '../batch/batch-system.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { deliveredBy } from '../delivery/deliver.ts';
import { Claim } from '../job-set/claim.ts';
import { JobSet } from '../job-set/job-set.ts';
import { CODE_FILE } from '../job-set/names.ts';
import { gatherLines } from '../job-set/transfer-script.ts';

/** lib/ and dist/ lie side by side: jobs run the compiled runner, also those of a program that runs the sources. */
const COMPILED = join(import.meta.dirname, '..', '..', 'dist');
const RUNNER = { runner: join(COMPILED, 'runner.cjs'), code: join(COMPILED, CODE_FILE) };

/**
 * Makes the job set of an executor, which looks after it.
 * @throws {DirectoryError} {@link DeliveryError}
 */
export async function makeJobSet(
  system: BatchSystem,
  options: ResolvedOptions,
  id: string,
): Promise<{ jobSet: JobSet; claim: Claim }> {
  const { name, queue, jobVariables } = system;
  const { directory, filesystem, setup, execArgv, submit, keepFiles, map } = options;
  const delivered = await deliveredBy(system, options);
  const variables = { ...delivered.environment, ...options.environment };
  const { node } = delivered;
  const runner = {
    ...RUNNER,
    node,
    execArgv,
    environment: { variables, system: jobVariables },
    setup: [...setup, ...gatherLines(directory, delivered.files), ...delivered.setup],
    transfers: filesystem === 'transfer',
  };
  const { name: method } = options.delivery ?? {};
  const delivery =
    method === undefined ? undefined : { method, submit: delivered.submit, files: delivered.files };
  const header = {
    system: name,
    queue,
    filesystem,
    node,
    execArgv,
    setup,
    submit,
    keepFiles,
    delivery,
    ...(map && { map }),
  };
  const jobSet = await JobSet.create(directory, runner, header, id);
  jobSet.submit = delivered.submit;
  jobSet.brings = delivered.files;
  try {
    return { jobSet, claim: await Claim.take(jobSet.directory) };
  } catch (error) {
    // The next submission makes it anew.
    await jobSet.remove().catch(() => {});
    throw error;
  }
}
