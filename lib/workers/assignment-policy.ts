/** Arithmetic that decides how many calls a worker is assigned, and how many workers are started. */

/** Maximum number of calls that a worker is assigned ahead. */
const MAX_AHEAD = 1000;
/** Calls count as no shorter than this, because reading and writing their files takes as long. */
const MIN_DURATION_MS = 0.25;
/** Calls longer than this are not delayed noticeably when their worker waits for the next assignment. */
const LONG_MS = 1000;
/** Upper limit of the work that a worker is assigned ahead, in milliseconds. */
const MAX_HORIZON_MS = 500;
const HORIZON_GROWTH = 1.5;
/** Another worker is started only for more work than the present ones can do in this time. */
const WORTH_A_WORKER_MS = 250;

/**
 * Maximum number of calls in a worker's inbox, the running one included. Calls behind a long one can be
 * withdrawn, but that takes a while.
 * @param mean duration of a call in milliseconds; undefined before the first has ended
 * @param horizon how much work to assign ahead, in milliseconds
 */
export function windowOf(mean: number | undefined, horizon: number): number {
  if (mean === undefined) return 2;
  if (mean > LONG_MS) return 1;
  const ahead = Math.floor(horizon / Math.max(mean, MIN_DURATION_MS));
  return 1 + Math.min(MAX_AHEAD, Math.max(1, ahead));
}

/** The next horizon after a worker had run out of calls while others were pending. */
export function longerHorizon(horizon: number): number {
  return Math.min(horizon * HORIZON_GROWTH, MAX_HORIZON_MS);
}

/**
 * Number of pending calls to assign to a worker now. 0 until half of its window is done, so that one write
 * serves many calls.
 * @param assigned number of calls that it has
 * @param workers number of workers that share the calls, this one and those about to start included
 */
export function shareOf(pending: number, assigned: number, window: number, workers: number): number {
  if (assigned > window / 2) return 0;
  return Math.min(window - assigned, Math.ceil(pending / Math.max(1, workers)));
}

/** Number of pending calls that a worker needs to have as many as each of the others. */
export function fairShare(pending: number, assigned: number, workers: number): number {
  return Math.max(0, Math.ceil((pending + assigned) / Math.max(1, workers)) - assigned);
}

/**
 * Number of workers to start in addition.
 * @param pending number of calls that no worker has, or that wait behind a long one
 * @param alive number of workers that can run them, or are about to start
 * @param max upper limit of the result
 */
export function wantedWorkers(
  pending: number,
  alive: { readonly busy: number; readonly free: number },
  mean: number | undefined,
  max: number,
): number {
  if (pending === 0) return 0;
  // Each free worker takes one.
  const remaining = pending - alive.free;
  if (remaining <= 0) return 0;
  if (mean === undefined) return Math.min(max, remaining);
  const workers = alive.busy + alive.free;
  const work = remaining * mean - workers * WORTH_A_WORKER_MS;
  const wanted = Math.ceil(work / Math.max(mean, WORTH_A_WORKER_MS));
  return Math.min(max, remaining, Math.max(workers === 0 ? 1 : 0, wanted));
}
