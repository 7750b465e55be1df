/** Set in the environment of a job of this machine, as {@link localJobMark} makes it. */
export const LOCAL_JOB_VARIABLE = 'CONDOR_FUTURES_LOCAL_JOB';

/** How long a local job has after SIGTERM to end before SIGKILL, as HTCondor does it. */
export const KILL_AFTER_MS = 10_000;

/** Which job it is of which job set: jobs of other batch systems may inherit the variable. */
export function localJobMark(directory: string, jobId: string): string {
  return `${jobId} ${directory}`;
}

/** The id in a mark; undefined if there is none for this job set. */
export function localJobId(mark: string | undefined, directory: string): string | undefined {
  const [, jobId, of] = /^(\S+) (.+)$/s.exec(mark ?? '') ?? [];
  return of === directory ? jobId : undefined;
}
