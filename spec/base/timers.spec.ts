import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { TimeoutError } from '../../lib/base/errors.ts';
import { checkTimeout, startTimer, waitFor } from '../../lib/base/timers.ts';
import { thrownBy } from '../support/thrown-by.ts';

const never = new Promise<never>(() => {});
const describeWait = (): string => 'It took too long';

describe('checkTimeout', () => {
  it.each([
    [undefined, Infinity],
    [0, 0],
    [-5, -5],
    [1.5, 1.5],
    [Infinity, Infinity],
  ])('takes %p', (timeout, checked) => {
    expect(checkTimeout(timeout)).toBe(checked);
  });

  it.each([[null], ['10'], [10n], [{}]])('throws a TypeError for %p', (timeout) => {
    expect(() => checkTimeout(timeout)).toThrow(TypeError);
  });

  it('throws a RangeError for NaN', () => {
    expect(() => checkTimeout(Number.NaN)).toThrow(RangeError);
  });
});

describe('startTimer', () => {
  it.each([[0], [-1], [5]])('calls back once after %p ms', async (timeout) => {
    let calls = 0;
    await new Promise<void>((resolve) => {
      startTimer(timeout, () => {
        calls += 1;
        resolve();
      });
    });
    expect(calls).toBe(1);
  });

  it('does not call back once it was called off', async () => {
    let called = false;
    const stop = startTimer(1, () => (called = true));
    stop();
    stop();
    await new Promise<void>((resolve) => startTimer(20, resolve));
    expect(called).toBe(false);
  });

  it.each([[2 ** 31], [Number.MAX_VALUE], [Infinity]])(
    'does not fire at once after %p ms',
    async (timeout) => {
      let called = false;
      const stop = startTimer(timeout, () => (called = true));
      await new Promise<void>((resolve) => startTimer(20, resolve));
      stop();
      expect(called).toBe(false);
    },
  );
});

describe('waitFor', () => {
  it('settles as the promise does', async () => {
    expect(await waitFor(Promise.resolve(1), {}, describeWait)).toBe(1);
    expect(await waitFor(Promise.resolve(1), { timeout: 10_000 }, describeWait)).toBe(1);
    const error = new Error('own');
    expect(await thrownBy(waitFor(Promise.reject(error), { timeout: 10_000 }, describeWait))).toBe(error);
  });

  it('lets a settled promise win over a timeout of 0', async () => {
    expect(await waitFor(Promise.resolve(1), { timeout: 0 }, describeWait)).toBe(1);
  });

  it.each([[0], [-1], [5]])('rejects with a TimeoutError after %p ms', async (timeout) => {
    const error = await thrownBy(waitFor(never, { timeout }, describeWait));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ name: 'TimeoutError', message: 'It took too long' });
  });

  it('rejects with the reason of the signal, whether it aborts before or while it waits', async () => {
    const signal = AbortSignal.abort('early');
    expect(await thrownBy(waitFor(Promise.resolve(1), { signal }, describeWait))).toBe('early');
    const controller = new AbortController();
    const waiting = thrownBy(waitFor(never, { signal: controller.signal }, describeWait));
    controller.abort('late');
    expect(await waiting).toBe('late');
  });

  it('leaves no listener on the signal, however it ends', async () => {
    const { signal } = new AbortController();
    await waitFor(Promise.resolve(1), { signal }, describeWait);
    await thrownBy(waitFor(Promise.reject(new Error('own')), { signal }, describeWait));
    await thrownBy(waitFor(never, { signal, timeout: 1 }, describeWait));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
