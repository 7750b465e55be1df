import type { ConditionWait } from './condition-wait.ts';
import type { OpenJobSet } from './open-job-set.ts';

/** How long no job leaves the queue before the batch system is asked: HTCondor writes no event for some of thousands that it removes at once. */
const SILENCE_MS = 3000;
/** How many times in a row that may be before it is given up. */
const SILENCES = 4;
/** How long that is: longer than a job has to end when it is removed. */
export const NONE_LEFT_MS: number = SILENCE_MS * SILENCES;

/** Closes a job set whose calls are done when its jobs have left the queue, so that their files can go: for as long as ever fewer are in it. */
export async function closeWhenEmpty(opened: OpenJobSet, wait: ConditionWait): Promise<void> {
  const { tracker, watch } = opened;
  watch.wake();
  let before = Infinity;
  for (let silences = 0; tracker.size > 0 && silences < SILENCES;) {
    before = tracker.size;
    await wait.until(() => tracker.size === 0, SILENCE_MS);
    silences = tracker.size < before ? 0 : silences + 1;
    if (silences > 0) tracker.ask();
  }
  await opened.close();
}
