import { checkNumber, checkOptions } from '../base/checks.ts';

/** Workers: jobs that run many calls, one after the other. */
export interface WorkerOptions {
  /** Maximum number of workers; there are never more than calls. */
  readonly max: number;
  /**
   * How long a worker waits for another call before it ends, in milliseconds. Meanwhile it occupies its
   * machine.
   * @default 60000
   */
  readonly idleTimeout?: number | undefined;
}

export interface ResolvedWorkers {
  readonly max: number;
  readonly idleTimeout: number;
}

const IDLE_TIMEOUT_MS = 60_000;

/** Checks the option `workers`, and adds the defaults. @throws {TypeError} {@link RangeError} */
export function resolveWorkers(workers: WorkerOptions | undefined): ResolvedWorkers | undefined {
  if (workers === undefined) return undefined;
  checkOptions('workers', workers, { max: ['number'], idleTimeout: ['number'] });
  if (workers.max === undefined)
    throw new TypeError('Expected `workers` to have a `max`, such as { max: 50, idleTimeout: 60_000 }');
  const { max, idleTimeout = IDLE_TIMEOUT_MS } = workers;
  checkNumber('workers.max', max, 1);
  checkNumber('workers.idleTimeout', idleTimeout, 0, 'fraction');
  return { max, idleTimeout };
}
