import type { InsideCall } from '../../job.ts';
import type { ItemOutcome } from '../../payload/call.ts';
import type { RunningCall } from '../outcome.ts';
import { CallCheckpoint } from './checkpoint.ts';
import { JobOfCall, ScratchDirectory } from './job-of-call.ts';
import { ProgressReport } from './progress-report.ts';
import { sendBack } from './send-back.ts';

/** Implements the functions of job.ts for one call. */
export class Inside implements InsideCall {
  readonly job: JobOfCall;
  readonly #call: RunningCall;
  readonly #report: ProgressReport;
  readonly #scratch: ScratchDirectory;
  #checkpoint: CallCheckpoint | undefined;

  constructor(call: RunningCall) {
    this.#call = call;
    this.#report = new ProgressReport(call);
    this.#scratch = new ScratchDirectory(call.writer.place.directory);
    this.job = new JobOfCall(call, this.#report, this.#scratch);
  }

  get checkpoint(): CallCheckpoint {
    this.#checkpoint ??= new CallCheckpoint(this.#call, this.job.termination, () => this.#scratch.path);
    return this.#checkpoint;
  }

  outputFile(path: string): void {
    const { writer, item, items } = this.#call;
    const { directory, key } = writer.place;
    sendBack(directory, { key, item: items > 1 ? item : undefined }, path);
  }

  /**
   * Is called when the call has returned or thrown. A job that leaves its machine is run again: then an error
   * of the call is no outcome, and the process ends.
   */
  async end(outcome: ItemOutcome): Promise<void> {
    const isInterrupted = this.job.isLeaving && 'thrown' in outcome;
    if (!isInterrupted) this.job.end();
    await this.#checkpoint?.end();
    this.#report.flush();
    this.#scratch.end();
    if (isInterrupted) await this.job.termination.leave();
  }
}
