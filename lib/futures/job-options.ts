import {
  checkChoice,
  checkNumber,
  checkOptions,
  checkSignal,
  type OptionTable,
  showValue,
} from '../base/checks.ts';
import { parseMemory } from '../base/memory.ts';
import { checkPreload } from '../payload/capture/capture-options.ts';
import { mergeSubmitOptions, type SubmitOptions } from '../batch/submit-options.ts';

/** Options of jobs, for `executor.with(options)`. */
export interface JobOptions extends JobPolicies {
  /**
   * Submit commands of the batch system, such as `{ request_memory: '2GB' }`. They are merged into the
   * executor's own; the `requirements` of both must hold.
   */
  readonly submit?: SubmitOptions | undefined;
  /** Cancels the futures when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Policies for calls and held jobs, for all calls of an executor or those of `with()`. */
export interface JobPolicies {
  /**
   * Number of further attempts, each as a new job, after a call threw or its job died. A job that was removed
   * from the queue on purpose is not retried.
   * @default 0
   */
  readonly retries?: number | RetryPolicy | undefined;
  /**
   * Action when the batch system holds a job: `fail` removes it and fails the call, `wait` leaves it until it
   * is released by hand, `release` releases it. Or one of these by HoldReasonCode, with a `default`.
   * @default 'fail'
   */
  readonly onHold?: HoldAction | HoldActions | undefined;
  /**
   * Number of times that a held job is released before its call fails.
   * @default 3
   */
  readonly releaseLimit?: number | undefined;
  /**
   * Resubmits a call whose job exceeded its memory request, with a larger one. These attempts do not count as
   * `retries`.
   * @default never
   */
  readonly growMemory?: MemoryGrowth | undefined;
  /**
   * Maximum run time of a call, in milliseconds from its start on its machine; then its job is ended, and the
   * call fails with a JobTimeLimitError. The time while its process is stopped, by `suspend()` for example,
   * does not count.
   * @default Infinity
   */
  readonly timeLimit?: number | undefined;
  /**
   * Modules that a job imports before anything else, in this order: plugins, locales, metadata, polyfills, and
   * modules of yours that set something up, such as `['reflect-metadata', './setup.js']`. They are named as in
   * an `import` of the main program. Those of `with()` or of a map replace the executor's.
   * @default []
   */
  readonly preload?: readonly string[] | undefined;
}

/** Rules for further attempts of a call. */
export interface RetryPolicy {
  /** Maximum number of further attempts. */
  readonly limit: number;
  /**
   * Whether to retry after this error.
   * @param attempt number of the attempt that failed, from 1
   * @default always
   */
  readonly when?: ((error: unknown, attempt: number) => boolean) | undefined;
  /**
   * Delay before the next attempt, in milliseconds, or a function of the number of the attempt that failed.
   * @default 0
   */
  readonly delay?: number | ((attempt: number) => number) | undefined;
  /**
   * Time in milliseconds during which the call does not return to the machine where it failed, if the pool
   * has others.
   * @default 600_000
   */
  readonly avoidHost?: number | undefined;
}

export type HoldAction = 'fail' | 'wait' | 'release';

/** Actions by HoldReasonCode, as numbered in the HTCondor manual; `default` for all other codes. */
export type HoldActions = Readonly<Record<number, HoldAction>> & { readonly default?: HoldAction };

/** Growth of the memory request of a job that exceeded it. */
export interface MemoryGrowth {
  /**
   * Factor by which the request is multiplied.
   * @default 2
   */
  readonly factor?: number | undefined;
  /** Largest request: a number of MiB, or text such as `'16GB'`, as in `request_memory`. */
  readonly limit: number | string;
}

/** The names of {@link JobPolicies}, for the tables of options. */
export const POLICY_TABLE: OptionTable = {
  retries: ['number', 'object'],
  onHold: ['string', 'object'],
  releaseLimit: ['number'],
  growMemory: ['object'],
  timeLimit: ['number'],
  preload: ['array of strings'],
};

/**
 * Checks the options of `with()`.
 * @returns a copy, because the caller may change its object afterwards
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
  preload,
}: JobPolicies): void {
  if (typeof retries === 'number') checkNumber('retries', retries, 0);
  else checkRetries(retries);
  if (typeof onHold === 'string') checkChoice('onHold', onHold, HOLD_ACTIONS);
  else checkHoldActions(onHold ?? {});
  checkNumber('releaseLimit', releaseLimit ?? 0, 0);
  checkNumber('timeLimit', timeLimit ?? Infinity, 1, 'fraction');
  checkPreload(preload);
  if (growMemory !== undefined) checkGrowth(growMemory);
}

/** Merges options; the inner ones win. Submit commands are merged by {@link mergeSubmitOptions}. */
export function mergeJobOptions(outer: JobOptions, inner: JobOptions): JobOptions {
  // So that many calls share one object.
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
