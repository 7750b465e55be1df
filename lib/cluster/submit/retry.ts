import { inspect } from 'node:util';
import { JobOutOfMemoryError } from '../../base/job-errors.ts';
import { parseMemory } from '../../base/memory.ts';
import { startTimer } from '../../base/timers.ts';
import { warn } from '../../base/warn.ts';
import type { HoldAction, HoldActions, JobOptions, RetryPolicy } from '../../futures/job-options.ts';
import type { Call } from '../calls/call.ts';
import type { Submissions } from './submissions.ts';

/** Conditions of a call's next attempt. */
export interface Retry {
  /** Delay in milliseconds. */
  readonly delay: number;
  /** Time in milliseconds during which the machine where the call failed is avoided. */
  readonly avoidHost: number;
  /** Memory request of the next job in bytes, if it grows. */
  readonly memory: number | undefined;
}

/** Counts of a call's attempts. */
interface Attempts {
  readonly attempts: number;
  /** Attempts that do not count as retries: made for more memory, or because a job was turned away. */
  readonly growths: number;
}

const AVOID_HOST_MS = 600_000;

/** Decides whether and how a failed call is retried; undefined if it is not, or if its policy throws. */
export function decideRetry(options: JobOptions, counts: Attempts, error: unknown): Retry | undefined {
  try {
    return applyPolicy(options, counts, error);
  } catch (cause) {
    warn(`A call is not tried again, as its \`retries\` policy threw: ${inspect(cause)}`);
    return undefined;
  }
}

function applyPolicy(options: JobOptions, counts: Attempts, error: unknown): Retry | undefined {
  const memory = grownMemory(options, error);
  if (memory !== undefined) return { delay: 0, avoidHost: 0, memory };
  const { limit, when, delay = 0, avoidHost = AVOID_HOST_MS } = policyOf(options.retries);
  const attempt = counts.attempts - counts.growths;
  if (attempt > limit || when?.(error, attempt) === false) return undefined;
  return {
    delay: Math.max(0, (typeof delay === 'number' ? delay : delay(attempt)) || 0),
    avoidHost,
    memory: undefined,
  };
}

/** Decides what happens to a held job. */
export function decideHoldAction(
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

/** The next memory request in bytes; undefined if the job did not exceed its request, or cannot get more. */
function grownMemory({ growMemory }: JobOptions, error: unknown): number | undefined {
  if (growMemory === undefined || !(error instanceof JobOutOfMemoryError) || error.limit !== 'job')
    return undefined;
  const { memoryUsed, memoryRequested } = error;
  const limit = parseMemory(growMemory.limit) as number;
  const previous = memoryRequested ?? memoryUsed ?? 0;
  if (previous >= limit) return undefined;
  const wanted = Math.max(previous, memoryUsed ?? 0) * (growMemory.factor ?? 2);
  // If the previous request is not known, ask for the maximum.
  return wanted === 0 ? limit : Math.min(wanted, limit);
}

/** Resubmits failed calls after their delay. */
export class Resubmissions {
  readonly #submissions: Submissions;

  constructor(submissions: Submissions) {
    this.#submissions = submissions;
  }

  /** Resolves when the retry is journaled, so that a process that attaches would do it, too. */
  async add(call: Call, { delay, avoidHost, memory }: Retry): Promise<void> {
    if (memory !== undefined) {
      call.memory = memory;
      call.growths += 1;
    }
    const { machine } = call;
    if (avoidHost > 0 && machine !== undefined)
      call.avoided = new Map([...call.avoided, [machine, Date.now() + delay + avoidHost]]);
    const journaled = this.#submissions.noteRetry(call);
    this.#addLater(call, delay);
    return journaled;
  }

  #addLater(call: Call, delay: number): void {
    if (delay === 0 || call.done) return this.#submissions.add(call);
    // If the call is cancelled meanwhile, it is added at once, because that deletes its files.
    let resubmit = (): void => {
      resubmit = () => {};
      stopTimer();
      unregister();
      this.#submissions.add(call);
    };
    const stopTimer = startTimer(delay, () => resubmit());
    const unregister = call.future.addDoneCallback(() => resubmit());
  }
}
