import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type RetryOptions, withRetries } from '../../lib/batch/run-command.ts';

let tries: number[];
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  tries = [];
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** Fails until a time, in milliseconds from now, while time passes. */
async function tryUntil(time: number, patience: Partial<RetryOptions>): Promise<unknown> {
  const begun = performance.now();
  const act = async (): Promise<string> => {
    tries.push(performance.now() - begun);
    if (performance.now() - begun < time) throw new Error('not yet');
    return 'done';
  };
  const state = { isDone: false };
  const outcome = withRetries(act, { maxTime: Infinity, mayPass: () => true, ...patience })
    .catch((error: unknown) => (error as Error).message)
    .finally(() => (state.isDone = true));
  while (!state.isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await jest.advanceTimersByTimeAsync(100);
  }
  return outcome;
}

describe('patiently', () => {
  it.each([
    [0, [500, 10_000]],
    [0.8, [400, 8000]],
  ])('tries again with pauses that grow to a limit, a little shorter by chance: %d', async (chance, ends) => {
    jest.spyOn(Math, 'random').mockReturnValue(chance);
    expect(await tryUntil(100_000, {})).toBe('done');
    const pauses = tries.slice(1).map((time, index) => time - (tries[index] as number));
    expect(pauses).toEqual([...pauses].toSorted((a, b) => a - b));
    expect([pauses[0], pauses.at(-1)]).toEqual(ends);
  });

  it('tries a last time when the time is over, and gives the last error', async () => {
    expect(await tryUntil(Infinity, { maxTime: 5000 })).toBe('not yet');
    expect(tries.at(-1)).toBeGreaterThanOrEqual(5000);
    expect(tries.at(-2)).toBeLessThan(5000);
  });

  it.each([
    ['an error that does not pass', { mayPass: () => false }],
    ['no time', { maxTime: 0 }],
    ['nobody who wants it', { signal: AbortSignal.abort() }],
  ])('tries once where there is %s', async (_, patience) => {
    expect(await tryUntil(100_000, patience)).toBe('not yet');
    expect(tries).toEqual([0]);
  });

  it('does not try again when nobody wants it any more', async () => {
    const controller = new AbortController();
    const onFirstFailure = (): unknown => setTimeout(() => controller.abort(), 200);
    expect(await tryUntil(100_000, { signal: controller.signal, onFirstFailure })).toBe('not yet');
    expect(tries).toEqual([0]);
  });

  it('tells of the first failure alone', async () => {
    const onFirstFailure = jest.fn();
    await tryUntil(3000, { onFirstFailure });
    expect(onFirstFailure).toHaveBeenCalledTimes(1);
  });
});
