import {
  checkChoice,
  checkNumber,
  checkOptions,
  checkSignal,
  type OptionTable,
  showValue,
} from '../base/checks.ts';
import { parseMemory } from '../base/memory.ts';
import { mergeSubmitOptions, type SubmitOptions } from '../batch/submit-options.ts';

/** Options of jobs rather than of the executor: `executor.with(options)`. */
export interface JobOptions extends JobPolicies {
  /** Submit commands of the batch system, such as `{ request_memory: '2GB' }`; they are added to the executor's own, whose `requirements` are to
   * hold as well. */
  readonly submit?: SubmitOptions | undefined;
  /** Cancels the futures when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** What to do about calls that fail and jobs that get stuck; for all calls of an executor, or for those of `with()`. */
export interface JobPolicies {
  /**
   * How many more times a call is tried, each time as a new job, after it threw or its job died; not if the job was removed
   * on purpose.
   * @default 0
   */
  readonly retries?: number | RetryPolicy | undefined;
  /**
   * What to do when the batch system holds a job: `fail` removes it and fails the call, `wait` leaves it until somebody releases it,
   * `release` lets it go again. Or one of these by HoldReasonCode, with a `default`.
   * @default 'fail'
   */
  readonly onHold?: HoldAction | HoldActions | undefined;
  /**
   * How often a held job is released before its call fails.
   * @default 3
   */
  readonly releaseLimit?: number | undefined;
  /**
   * Submits a call whose job ran out of the memory it had asked for again, with more; these tries are not counted as `retries`.
   * @default never
   */
  readonly growMemory?: MemoryGrowth | undefined;
  /**
   * How long a call may run, in milliseconds, from its start on its machine; then its job is ended, and it fails with a JobTimeLimitError.
   * While its process is stopped (by `suspend()`, say) no time passes.
   * @default Infinity
   */
  readonly timeLimit?: number | undefined;
}

/** When to try a call again. */
export interface RetryPolicy {
  /** How many more times, at the most. */
  readonly limit: number;
  /**
   * Whether to try again after this error.
   * @param attempt of the job that failed, counted from 1
   * @default always
   */
  readonly when?: ((error: unknown, attempt: number) => boolean) | undefined;
  /**
   * How long to wait before that, in milliseconds.
   * @default 0
   */
  readonly delay?: number | ((attempt: number) => number) | undefined;
  /**
   * For how long the machine on which the call failed is not taken again, in milliseconds, if the pool has others. Then any machine will do.
   * @default 600_000
   */
  readonly avoidHost?: number | undefined;
}

export type HoldAction = 'fail' | 'wait' | 'release';

/** By HoldReasonCode, as the manual's table of hold codes numbers them; `default` for the others. */
export type HoldActions = Readonly<Record<number, HoldAction>> & { readonly default?: HoldAction };

/** How a job that ran out of memory asks for more. */
export interface MemoryGrowth {
  /**
   * By how much its request is multiplied.
   * @default 2
   */
  readonly factor?: number | undefined;
  /** Never more than this: a number of MiB, or text such as `'16GB'`, as `request_memory` takes it. */
  readonly limit: number | string;
}

/** The names of {@link JobPolicies}, for the tables of options. */
export const POLICY_TABLE: OptionTable = {
  retries: ['number', 'object'],
  onHold: ['string', 'object'],
  releaseLimit: ['number'],
  growMemory: ['object'],
  timeLimit: ['number'],
};

/**
 * @returns a copy: what the caller does with theirs afterwards is not checked
 * @throws {TypeError} {@link RangeError}
 */
export function checkJobOptions(options: JobOptions): JobOptions {
  checkOptions('with()', options, { submit: ['object'], signal: [], ...POLICY_TABLE });
  checkSignal('with()', options.signal);
  checkPolicies(options);
  return mergeJobOptions({}, options);
}

/** @throws {TypeError} {@link RangeError} */
export function checkPolicies({
  retries = 0,
  onHold,
  releaseLimit,
  growMemory,
  timeLimit,
}: JobPolicies): void {
  if (typeof retries === 'number') checkNumber('retries', retries, 0);
  else checkRetries(retries);
  if (typeof onHold === 'string') checkChoice('onHold', onHold, HOLD_ACTIONS);
  else checkHoldActions(onHold ?? {});
  checkNumber('releaseLimit', releaseLimit ?? 0, 0);
  checkNumber('timeLimit', timeLimit ?? Infinity, 1, 'fraction');
  if (growMemory !== undefined) checkGrowth(growMemory);
}

/** The inner options win, submit command by submit command, as {@link mergeSubmitOptions} has it. */
export function mergeJobOptions(outer: JobOptions, inner: JobOptions): JobOptions {
  // Many calls share one object then.
  if (Object.keys(inner).length === 0) return outer;
  const given = Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined));
  return { ...outer, ...given, submit: mergeSubmitOptions(outer.submit, inner.submit) };
}

const HOLD_ACTIONS: readonly HoldAction[] = ['fail', 'wait', 'release'];

function checkRetries(retries: RetryPolicy): void {
  checkOptions('retries', retries, {
    limit: ['number'],
    when: ['function'],
    delay: ['number', 'function'],
    avoidHost: ['number'],
  });
  if (retries.limit === undefined)
    throw new TypeError('Expected `retries` to have a `limit`, such as { limit: 3, delay: 1000 }');
  checkNumber('retries.limit', retries.limit, 0);
  if (typeof retries.delay === 'number') checkNumber('retries.delay', retries.delay, 0, 'fraction');
  checkNumber('retries.avoidHost', retries.avoidHost ?? 0, 0, 'fraction');
}

function checkHoldActions(actions: HoldActions): void {
  for (const [code, action] of Object.entries(actions)) {
    if (code !== 'default' && !/^\d+$/.test(code)) {
      throw new TypeError(
        `Expected the names in \`onHold\` to be hold codes or \`default\`, got \`${code}\``,
      );
    }
    checkChoice(`onHold.${code}`, action, HOLD_ACTIONS);
  }
}

function checkGrowth(growth: MemoryGrowth): void {
  checkOptions('growMemory', growth, { factor: ['number'], limit: ['number', 'string'] });
  const { factor = 2, limit } = growth;
  if (!(factor > 1))
    throw new RangeError(`Expected \`growMemory.factor\` to be more than 1, got ${showValue(factor)}`);
  if (parseMemory(limit) === undefined) {
    throw new TypeError(
      `Expected \`growMemory.limit\` to be a number of MiB or text such as '16GB', got ${showValue(limit)}`,
    );
  }
}
