import type { ConditionWait } from './condition-wait.ts';
import type { OpenJobSet } from './open-job-set.ts';

/** How long no job leaves the queue before that is given up: longer than a job has to end when it is removed. */
export const NONE_LEFT_MS = 12_000;

/** Closes a job set whose calls are done when its jobs have left the queue, so that their files can go: for as long as ever fewer are in it. */
export async function closeWhenEmpty(opened: OpenJobSet, wait: ConditionWait): Promise<void> {
  const { tracker, watch } = opened;
  watch.wake();
  let before = Infinity;
  while (tracker.size > 0 && tracker.size < before) {
    before = tracker.size;
    await wait.until(() => tracker.size === 0, NONE_LEFT_MS);
  }
  await opened.close();
}
