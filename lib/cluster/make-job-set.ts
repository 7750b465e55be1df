import { join } from 'node:path';
import type { BatchSystem } from '../batch/batch-system.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { JobSet } from '../job-set/job-set.ts';

/** lib/ and dist/ lie side by side: jobs run the compiled runner, also those of a program that runs the sources. */
const RUNNER = join(import.meta.dirname, '..', '..', 'dist', 'runner.cjs');

/**
 * Makes the job set of an executor.
 * @throws {DirectoryError}
 */
export async function makeJobSet(
  { name, jobVariables }: BatchSystem,
  options: ResolvedOptions,
  id: string,
): Promise<JobSet> {
  const { directory, environment: variables, setup, node, execArgv, submit, keepFiles } = options;
  const environment = { variables, system: jobVariables };
  const header = { system: name, node, execArgv, setup, submit, keepFiles };
  return JobSet.create(directory, { runner: RUNNER, node, execArgv, environment, setup }, header, id);
}
