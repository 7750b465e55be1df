import { inspect } from 'node:util';
import { JobOutOfMemoryError } from '../../base/job-errors.ts';
import { parseMemory } from '../../base/memory.ts';
import { startTimer } from '../../base/timers.ts';
import type { HoldAction, HoldActions, JobOptions, RetryPolicy } from '../../futures/job-options.ts';
import type { Call } from '../calls/call.ts';
import type { Submissions } from './submissions.ts';

/** How a call is tried again. */
export interface Retry {
  /** In milliseconds. */
  readonly delay: number;
  /** For how long, in milliseconds, the machine on which it failed is not taken. */
  readonly avoidHost: number;
  /** What the next job asks for, in bytes, where that is more than the last one did. */
  readonly memory: number | undefined;
}

/** How often a call has been tried, and why. */
export interface Tries {
  readonly attempts: number;
  /** How many of the attempts were made for more memory, or because the job before was turned away. */
  readonly growths: number;
}

const AVOID_HOST_MS = 600_000;

/** Whether and how a call that failed is tried again; undefined if it is not, as where its policy throws. */
export function wantedRetry(options: JobOptions, tries: Tries, error: unknown): Retry | undefined {
  try {
    return retryOf(options, tries, error);
  } catch (cause) {
    process.emitWarning(
      `A call is not tried again, as its \`retries\` policy threw: ${inspect(cause)}`,
      'CondorFuturesWarning',
    );
    return undefined;
  }
}

function retryOf(options: JobOptions, tries: Tries, error: unknown): Retry | undefined {
  const memory = grownMemory(options, error);
  if (memory !== undefined) return { delay: 0, avoidHost: 0, memory };
  const { limit, when, delay = 0, avoidHost = AVOID_HOST_MS } = policyOf(options.retries);
  const attempt = tries.attempts - tries.growths;
  if (attempt > limit || when?.(error, attempt) === false) return undefined;
  return {
    delay: Math.max(0, (typeof delay === 'number' ? delay : delay(attempt)) || 0),
    avoidHost,
    memory: undefined,
  };
}

/** What to do about a held job. */
export function holdActionOf(
  { onHold = 'fail', releaseLimit = 3 }: JobOptions,
  code: number | undefined,
  releases: number,
): HoldAction {
  const actions: HoldActions = typeof onHold === 'string' ? { default: onHold } : onHold;
  const action = actions[code ?? -1] ?? actions.default ?? 'fail';
  return action === 'release' && releases >= releaseLimit ? 'fail' : action;
}

function policyOf(retries: number | RetryPolicy = 0): RetryPolicy {
  return typeof retries === 'number' ? { limit: retries } : retries;
}

/** Undefined if it did not fail for the memory it had asked for, or cannot have more. */
function grownMemory({ growMemory }: JobOptions, error: unknown): number | undefined {
  if (growMemory === undefined || !(error instanceof JobOutOfMemoryError) || error.limit !== 'job')
    return undefined;
  const { memoryUsed, memoryRequested } = error;
  const limit = parseMemory(growMemory.limit) as number;
  const had = memoryRequested ?? memoryUsed ?? 0;
  if (had >= limit) return undefined;
  const wanted = Math.max(had, memoryUsed ?? 0) * (growMemory.factor ?? 2);
  // What it had is not known: all that it may have.
  return wanted === 0 ? limit : Math.min(wanted, limit);
}

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
