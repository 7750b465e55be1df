import { CommandError } from '../../errors.ts';
import type { JobSetRemoval } from '../batch-system.ts';
import { runCommand, runCommandNow } from '../run-command.ts';
import { saysGone } from './says-gone.ts';

/** Removes job sets by what is written in their jobs, and so also the jobs whose ids only the schedd knows. */
export class HTCondorJobSetRemoval implements JobSetRemoval {
  readonly #place: readonly string[];
  readonly #timeout: number;
  readonly #endSubmission: () => void;

  /**
   * @param place the arguments that lead condor_rm to the schedd
   * @param timeout how long it may take where the process waits for it, in milliseconds
   * @param endSubmission ends a condor_submit that is running; what it has queued by then is removed
   */
  constructor(place: readonly string[], timeout: number, endSubmission: () => void) {
    this.#place = place;
    this.#timeout = timeout;
    this.#endSubmission = endSubmission;
  }

  async remove(jobSetId: string): Promise<void> {
    const options = { timeout: this.#timeout };
    await runCommand('condor_rm', this.#arguments(jobSetId), options).catch(ignoreNone);
  }

  removeNow(jobSetId: string, timeoutMs: number): void {
    this.#endSubmission();
    try {
      runCommandNow('condor_rm', this.#arguments(jobSetId), timeoutMs);
    } catch (error) {
      ignoreNone(error);
    }
  }

  removeUnseen(jobSetId: string): void {
    this.#endSubmission();
    // The command lives on when this process does not.
    runCommand('condor_rm', this.#arguments(jobSetId)).catch(() => {});
  }

  commandFor(jobSetId: string): string {
    const place = this.#place.map((word) => `${word} `).join('');
    return `condor_rm ${place}-constraint '${constraintOf(jobSetId)}'`;
  }

  #arguments(jobSetId: string): string[] {
    return [...this.#place, '-constraint', constraintOf(jobSetId)];
  }
}

/** The jobs of a job set, as a ClassAd expression. */
function constraintOf(jobSetId: string): string {
  return `CondorFuturesJobSet == "${jobSetId}"`;
}

function ignoreNone(error: unknown): void {
  if (!(error instanceof CommandError && saysGone(error.stderr))) throw error;
}
