import { join } from 'node:path';
import type { BatchSystem } from '../batch/batch-system.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { Claim } from '../job-set/claim.ts';
import { JobSet } from '../job-set/job-set.ts';
import { CODE_FILE } from '../job-set/names.ts';

/** lib/ and dist/ lie side by side: jobs run the compiled runner, also those of a program that runs the sources. */
const COMPILED = join(import.meta.dirname, '..', '..', 'dist');
const RUNNER = { runner: join(COMPILED, 'runner.cjs'), code: join(COMPILED, CODE_FILE) };

/**
 * Makes the job set of an executor, which looks after it.
 * @throws {DirectoryError}
 */
export async function makeJobSet(
  { name, queue, jobVariables }: BatchSystem,
  options: ResolvedOptions,
  id: string,
): Promise<{ jobSet: JobSet; claim: Claim }> {
  const {
    directory,
    filesystem,
    environment: variables,
    setup,
    node,
    execArgv,
    submit,
    keepFiles,
    map,
  } = options;
  const environment = { variables, system: jobVariables };
  const header = {
    system: name,
    queue,
    filesystem,
    node,
    execArgv,
    setup,
    submit,
    keepFiles,
    ...(map && { map }),
  };
  const transfers = filesystem === 'transfer';
  const runner = { ...RUNNER, node, execArgv, environment, setup, transfers };
  const jobSet = await JobSet.create(directory, runner, header, id);
  try {
    return { jobSet, claim: await Claim.take(jobSet.directory) };
  } catch (error) {
    // The next submission makes it anew.
    await jobSet.remove().catch(() => {});
    throw error;
  }
}
