import { CommandError } from '../../errors.ts';
import type { JobEdit } from '../batch-system.ts';
import type { CommandOutput } from '../run-command.ts';
import { jobConstraint } from './job-constraint.ts';
import { idSlices } from './job-queries.ts';
import { parseClassAds } from './queue-listing.ts';

/**
 * Changes an attribute of jobs. By ids, condor_qedit changes nothing if one of them is gone; by a constraint, it says how many it has changed.
 * @returns why not, by job
 * @throws {CommandError} if it gives no answer
 */
export async function editJobs(
  run: (command: 'condor_qedit' | 'condor_q', args: readonly string[]) => Promise<CommandOutput>,
  { attribute, value }: JobEdit,
  jobIds: readonly string[],
): Promise<Map<string, string>> {
  const refusals = new Map<string, string>();
  for (const ids of idSlices(jobIds)) {
    const constraint = jobConstraint(ids);
    const answer = await run('condor_qedit', ['-constraint', constraint, attribute, String(value)]).catch(
      (error: unknown) => {
        if (error instanceof CommandError && / by constraint: /.test(error.stderr)) return error;
        throw error;
      },
    );
    if (answer instanceof CommandError || countOf(answer.stdout) < ids.length) {
      const query = ['-json', '-attributes', 'ClusterId,ProcId', '-constraint', constraint];
      const queued = parseClassAds((await run('condor_q', query)).stdout);
      // It says the same where no job is there, and where it could not change them.
      if (answer instanceof CommandError && queued.size > 0) throw answer;
      for (const id of ids) if (!queued.has(id)) refusals.set(id, 'the job is not in the queue');
    }
  }
  return refusals;
}

/** `Set attribute "RequestMemory" for 3 matching jobs.` */
function countOf(stdout: string): number {
  return Number(/ for (\d+) matching job/.exec(stdout)?.[1] ?? 0);
}
