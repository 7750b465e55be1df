/** How many calls go where: pure arithmetic on what is known. */

/** A worker is never given more than so many calls ahead. */
const MOST_AHEAD = 1000;
/** Shorter than this no call is taken to be: its files alone take as long. */
const SHORTEST_MS = 0.25;
/** A call that takes longer than this does not notice the moment in which its worker waits for the next one. */
const LONG_MS = 1000;
/** The most work that a worker gets ahead, in milliseconds. */
const LONGEST_HORIZON_MS = 500;
const HORIZON_GROWTH = 1.5;
/** Work that would be done within this time by the workers that are there is not worth another one. */
const WORTH_A_WORKER_MS = 250;

/**
 * How many calls a worker has in its inbox at the most, the one that it makes included. Those that wait behind a long one can be taken back,
 * but that takes a while.
 * @param mean how long a call takes, in milliseconds; undefined before the first has told
 */
export function windowOf(mean: number | undefined, horizon: number): number {
  if (mean === undefined) return 2;
  if (mean > LONG_MS) return 1;
  const ahead = Math.floor(horizon / Math.max(mean, SHORTEST_MS));
  return 1 + Math.min(MOST_AHEAD, Math.max(1, ahead));
}

/** A worker had nothing to do while calls waited: it gets more the next time. */
export function longerHorizon(horizon: number): number {
  return Math.min(horizon * HORIZON_GROWTH, LONGEST_HORIZON_MS);
}

/**
 * How many of the waiting calls a worker is given now; none before half of what it had is done, so that one write serves many calls.
 * @param assigned how many it has
 * @param workers how many there are to share the calls, this one and those that are about to start included
 */
export function shareOf(waiting: number, assigned: number, window: number, workers: number): number {
  if (assigned > window / 2) return 0;
  return Math.min(window - assigned, Math.ceil(waiting / Math.max(1, workers)));
}

/** How many of the waiting calls a worker lacks that is to have as many as the others. */
export function fairShare(waiting: number, assigned: number, workers: number): number {
  return Math.max(0, Math.ceil((waiting + assigned) / Math.max(1, workers)) - assigned);
}

/**
 * How many more workers to start.
 * @param waiting calls that no worker has, or only one that is stuck
 * @param alive workers that can make them, or are about to start
 * @param room how many more there may be
 */
export function wantedWorkers(
  waiting: number,
  alive: { readonly busy: number; readonly free: number },
  mean: number | undefined,
  room: number,
): number {
  if (waiting === 0) return 0;
  // Those that have nothing to do take one each.
  const left = waiting - alive.free;
  if (left <= 0) return 0;
  if (mean === undefined) return Math.min(room, left);
  const workers = alive.busy + alive.free;
  const work = left * mean - workers * WORTH_A_WORKER_MS;
  const wanted = Math.ceil(work / Math.max(mean, WORTH_A_WORKER_MS));
  return Math.min(room, left, Math.max(workers === 0 ? 1 : 0, wanted));
}
