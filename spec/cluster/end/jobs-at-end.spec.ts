import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { closeWhenEmpty, ConditionWait } from '../../../lib/cluster/end/jobs-at-end.ts';
import type { LiveJobSet } from '../../../lib/cluster/live-job-set.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** After how many seconds a job set is closed whose jobs leave the queue at some seconds, and how often the batch system was asked. */
async function closedAfter(
  leave: readonly number[],
): Promise<{ seconds: number; left: number; asked: number }> {
  const tracker = { size: leave.length, poll: () => (asked += 1) };
  let asked = 0;
  let closedWith: number | undefined;
  const opened = { tracker, watch: { wake: () => {} }, close: async () => void (closedWith = tracker.size) };
  const wait = new ConditionWait();
  void closeWhenEmpty(opened as unknown as LiveJobSet, wait);
  for (let second = 0; ; second += 1) {
    tracker.size -= leave.filter((one) => one === second).length;
    wait.check();
    await jest.advanceTimersByTimeAsync(0);
    if (closedWith !== undefined) return { seconds: second, left: closedWith, asked };
    await jest.advanceTimersByTimeAsync(1000);
  }
}

it.each([
  ['at once if there are none', [], { seconds: 0, left: 0, asked: 0 }],
  ['when the last has left', [1, 2], { seconds: 2, left: 0, asked: 0 }],
  ['however long they take, while some leave', [10, 20, 30], { seconds: 30, left: 0, asked: 8 }],
  ['when none has left for long', [2, 1000, 1000], { seconds: 15, left: 2, asked: 4 }],
])('A job set is closed, %s', async (_, leave, end) => {
  expect(await closedAfter(leave)).toEqual(end);
});
