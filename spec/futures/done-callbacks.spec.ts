import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { endedFuture, ends } from '../support/ended-future.ts';
import { manualFuture } from '../support/manual-future.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('addDoneCallback()', () => {
  it.each(ends)('calls back with the future alone once it is %s, in the order of adding', (_state, end) => {
    const made = manualFuture<number>();
    const calls: unknown[][] = [];
    made.future.addDoneCallback((...args: unknown[]) => calls.push(['first', ...args]));
    made.future.addDoneCallback((...args: unknown[]) => calls.push(['second', ...args]));
    expect(calls).toHaveLength(0);
    end(made);
    expect(calls.map(([name, future, ...more]) => [name, future === made.future, more.length])).toEqual([
      ['first', true, 0],
      ['second', true, 0],
    ]);
  });

  it.each(ends)('calls back at once if the future is %s already', (state) => {
    const { future } = endedFuture(state);
    let calls = 0;
    future.addDoneCallback(() => (calls += 1));
    expect(calls).toBe(1);
  });

  it('calls a callback twice that was added twice', () => {
    const { future } = manualFuture();
    let calls = 0;
    const callback = (): void => void (calls += 1);
    future.addDoneCallback(callback);
    future.addDoneCallback(callback);
    future.cancel();
    expect(calls).toBe(2);
  });

  it('calls at once what a callback adds', () => {
    const { future } = manualFuture();
    const calls: string[] = [];
    future.addDoneCallback(() => {
      future.addDoneCallback(() => calls.push('inner'));
      calls.push('outer');
    });
    future.addDoneCallback(() => calls.push('next'));
    future.cancel();
    expect(calls).toEqual(['inner', 'outer', 'next']);
  });

  it('does not call what was taken back, not even by the callback before it', () => {
    const { future } = manualFuture();
    const calls: string[] = [];
    const takeBack = future.addDoneCallback(() => calls.push('taken back'));
    future.addDoneCallback(() => takeBackNext());
    const takeBackNext = future.addDoneCallback(() => calls.push('next'));
    future.addDoneCallback(() => calls.push('last'));
    takeBack();
    takeBack();
    future.cancel();
    expect(calls).toEqual(['last']);
  });

  it('makes a warning of what a callback throws or rejects with, and calls the others', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { future, controller } = manualFuture();
    let calls = 0;
    future.addDoneCallback(() => {
      throw new Error('thrown by a callback');
    });
    future.addDoneCallback(async () => Promise.reject(new Error('rejected by a callback')));
    future.addDoneCallback(() => (calls += 1));
    controller.resolve(1);
    expect(calls).toBe(1);
    expect(() =>
      future.addDoneCallback(() => {
        throw new Error('thrown at once');
      }),
    ).not.toThrow();
    await future;
    await new Promise((resolve) => setImmediate(resolve));
    const texts = warn.mock.calls.map(([text]) => String(text)).toSorted();
    expect(texts).toHaveLength(3);
    expect(texts).toEqual([
      expect.stringContaining('rejected by a callback'),
      expect.stringContaining('thrown at once'),
      expect.stringContaining('thrown by a callback'),
    ]);
  });

  it.each([[undefined], [null], ['callback'], [{}]])('throws a TypeError for %p', (callback) => {
    for (const { future } of [manualFuture<number>(), endedFuture('finished')])
      expect(() => future.addDoneCallback(callback as never)).toThrow(TypeError);
  });
});
