import { execFileSync } from 'node:child_process';
import { until } from '../support/until.ts';

/** Waits until schedd and collector answer, as they do some seconds after they were killed. */
export async function poolIsWhole(): Promise<void> {
  await until(() => answerOf('condor_q', '-totals') && answerOf('condor_status', '-limit', '1'));
}

/** Whether the schedd says that it has the job no more; if it says nothing, that is not known. */
export function isGone(jobId: string): boolean {
  return answerOf('condor_q', jobId, '-af', 'JobStatus')?.trim() === '';
}

function answerOf(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe', timeout: 5000 });
  } catch {
    return undefined;
  }
}
