import { CANNOT_WRITE } from '../job-set/exit-codes.ts';
import type { WarmCall } from './warm-call.ts';
import type { Worker, WorkerEnd } from './worker.ts';

/** A call whose worker has died so often is what kills them. */
const MOST_DEATHS = 2;

/** HoldReasonCodes of jobs that used more memory than they may: by policy of the machine, and of the job or the pool. */
const MEMORY_HOLD = 34;

/**
 * What the end of a worker means for a call: `again`: nothing was wrong with the call; `count`: it may have been the call; `fail`: it was
 * the call, whose job ends as the worker did.
 */
export type Verdict = 'again' | 'count' | 'fail';

/** For the call that a worker was making when it ended. */
export function verdictOnRunning(end: WorkerEnd, worker: Worker, { deaths }: WarmCall): Verdict {
  // It was made to its end.
  if (end.kind === 'ended' && end.exitCode === CANNOT_WRITE) return 'fail';
  const verdict = suspicion(end);
  if (verdict === 'again') return 'again';
  // Nobody else can have used up the memory.
  if (end.kind === 'held' && end.code === MEMORY_HOLD && worker.finished === 0) return 'fail';
  return deaths >= MOST_DEATHS ? 'fail' : 'count';
}

/** For the call that a worker was meant for that ended before it made any. */
export function verdictOnWaiting(end: WorkerEnd, hasStarted: boolean, { deaths }: WarmCall): Verdict {
  if (suspicion(end) === 'again' || (hasStarted && end.kind === 'ended' && end.exitCode === 0))
    return 'again';
  // It cannot be started, as a job of the call's own could not be.
  const isRefused = end.kind === 'held' || (end.kind === 'ended' && end.signal === undefined);
  if (!hasStarted && isRefused) return 'fail';
  return deaths >= MOST_DEATHS ? 'fail' : 'count';
}

/** Whether the worker, or what it did, is to blame at all, rather than the batch system or whoever removed it. */
function suspicion(end: WorkerEnd): 'again' | 'count' {
  switch (end.kind) {
    case 'evicted':
    case 'lost':
      return 'again';
    case 'removed':
      return end.byPolicy === true ? 'count' : 'again';
    case 'held':
      return end.requested === true ? 'again' : 'count';
    case 'ended':
      return 'count';
  }
}
