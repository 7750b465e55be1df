import { startTimer } from '../timeout.ts';
import type { Call } from './call.ts';
import type { Retry } from './retry.ts';
import type { Submissions } from './submissions.ts';

/** Sends calls that failed on their way again, when their time has come. */
export class Resubmissions {
  readonly #submissions: Submissions;

  constructor(submissions: Submissions) {
    this.#submissions = submissions;
  }

  /** Resolves when it is certain that another process would do so too. */
  async add(call: Call, { delay, avoidHost, memory }: Retry): Promise<void> {
    if (memory !== undefined) {
      call.memory = memory;
      call.growths += 1;
    }
    const { machine } = call;
    if (avoidHost > 0 && machine !== undefined)
      call.avoided = new Map([...call.avoided, [machine, Date.now() + delay + avoidHost]]);
    const noted = this.#submissions.noteRetry(call);
    this.#addLater(call, delay);
    return noted;
  }

  #addLater(call: Call, delay: number): void {
    if (delay === 0 || call.done) return this.#submissions.add(call);
    // A call that is cancelled meanwhile has its files removed by the same way.
    let again = (): void => {
      again = () => {};
      stopTimer();
      takeBack();
      this.#submissions.add(call);
    };
    const stopTimer = startTimer(delay, () => again());
    const takeBack = call.future.addDoneCallback(() => again());
  }
}
