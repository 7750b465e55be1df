import type { InsideCall } from '../../job.ts';
import type { ItemOutcome } from '../../payload/call.ts';
import type { RunningCall } from '../outcome.ts';
import { SavedWork } from './checkpoint.ts';
import { JobOfCall, ScratchDirectory } from './job-of-call.ts';
import { ProgressReport } from './progress-report.ts';
import { sendBack } from './send-back.ts';

/** What a call gets that asks about its job. */
export class Inside implements InsideCall {
  readonly job: JobOfCall;
  readonly #call: RunningCall;
  readonly #report: ProgressReport;
  readonly #scratch: ScratchDirectory;
  #checkpoint: SavedWork | undefined;

  constructor(call: RunningCall) {
    this.#call = call;
    this.#report = new ProgressReport(call);
    this.#scratch = new ScratchDirectory(call.writer.place.directory);
    this.job = new JobOfCall(call, this.#report, this.#scratch);
  }

  get checkpoint(): SavedWork {
    this.#checkpoint ??= new SavedWork(this.#call, this.job.termination, () => this.#scratch.path);
    return this.#checkpoint;
  }

  outputFile(path: string): void {
    const { writer, item, items } = this.#call;
    const { directory, key } = writer.place;
    sendBack(directory, { key, item: items > 1 ? item : undefined }, path);
  }

  /** The call has returned, or thrown. A job that leaves its machine is to be run again: then what it throws is no outcome, and ends the process. */
  async end(outcome: ItemOutcome): Promise<void> {
    const isGivenUp = this.job.wasToldToEnd && 'thrown' in outcome;
    if (!isGivenUp) this.job.end();
    await this.#checkpoint?.end();
    this.#report.flush();
    this.#scratch.end();
    if (isGivenUp) await this.job.termination.leave();
  }
}
