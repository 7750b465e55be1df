import { exists } from '../job-set/exists.ts';
import { TURNED_AWAY } from '../job-set/exit-codes.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { turnedAwayFile } from '../job-set/names.ts';
import type { Job, JobEnd } from './job.ts';

/** Whether a job that has left no outcome did not begin, as its submission was revoked by a process that attached. */
export async function hasTurnedAway(
  jobSet: Pick<JobSet, 'directory' | 'transfers' | 'isRevoked'>,
  { submission, key }: Pick<Job, 'submission' | 'key'>,
  end: JobEnd,
): Promise<boolean> {
  if (submission === undefined || !(await jobSet.isRevoked(submission))) return false;
  // A job that does not see the job set has nothing else to say it by.
  if (jobSet.transfers) return end.kind === 'ended' && end.exitCode === TURNED_AWAY;
  // A call may end its process with the same code, and not every system tells one.
  return exists(turnedAwayFile(jobSet.directory, submission, key));
}
