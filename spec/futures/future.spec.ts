import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { CancelledError, InvalidStateError, TimeoutError } from '../../lib/base/errors.ts';
import { Future } from '../../lib/futures/future.ts';
import { endedFuture, ends } from '../support/ended-future.ts';
import { manualFuture } from '../support/manual-future.ts';
import { thrownBy } from '../support/thrown-by.ts';

describe('Future', () => {
  describe('state', () => {
    it('is pending at first', () => {
      const { future } = manualFuture();
      expect([future.state, future.done(), future.running(), future.cancelled()]).toEqual([
        'pending',
        false,
        false,
        false,
      ]);
    });

    it('is running once its job has started, and pending again after an eviction', () => {
      const { future, controller } = manualFuture();
      controller.setState('running');
      expect([future.state, future.done(), future.running(), future.cancelled()]).toEqual([
        'running',
        false,
        true,
        false,
      ]);
      controller.setState('running');
      controller.setState('pending');
      expect([future.state, future.running()]).toEqual(['pending', false]);
    });

    it.each(ends)('is %s at the end, whether it ran before or not', (state, end) => {
      for (const ran of [true, false]) {
        const made = manualFuture<number>();
        if (ran) made.controller.setState('running');
        end(made);
        const { future } = made;
        expect([future.state, future.done(), future.running(), future.cancelled()]).toEqual([
          state,
          true,
          false,
          state === 'cancelled',
        ]);
      }
    });

    it.each(ends)('cannot be left once it is %s', async (state) => {
      const { controller, future } = endedFuture(state);
      const before = await future.result().catch((error: unknown) => error);
      for (const again of [
        () => controller.resolve(1),
        () => controller.reject(new Error('again')),
        () => controller.setState('running'),
        () => controller.setState('pending'),
      ]) {
        expect(again).toThrow(InvalidStateError);
        expect(again).toThrow(state);
      }
      expect(future.state).toBe(state);
      expect(await future.result().catch((error: unknown) => error)).toBe(before);
    });
  });

  describe('cancel()', () => {
    it.each(['pending', 'running'] as const)(
      'cancels a %s future at once, and asks for its job to be removed',
      (state) => {
        const { future, controller, removals } = manualFuture();
        controller.setState(state);
        expect([future.cancel(), future.state, removals()]).toEqual([true, 'cancelled', 1]);
      },
    );

    it('returns true for a cancelled future, and does nothing more', () => {
      const { future, removals } = manualFuture();
      let calls = 0;
      future.addDoneCallback(() => (calls += 1));
      expect([future.cancel(), future.cancel(), calls, removals()]).toEqual([true, true, 1, 1]);
    });

    it.each(['finished', 'failed'])('returns false for a %s future, and changes nothing', (state) => {
      const { future, removals } = endedFuture(state);
      expect([future.cancel('late'), future.state, removals()]).toEqual([false, state, 0]);
    });

    it('calls the callbacks before it returns', () => {
      const { future } = manualFuture();
      const states: string[] = [];
      future.addDoneCallback((done) => states.push(done.state));
      future.cancel();
      expect(states).toEqual(['cancelled']);
    });

    it('gives the reason to the error as its cause', async () => {
      const { future } = manualFuture();
      future.cancel('why');
      const error = await thrownBy(future);
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ cause: 'why' });
      const without = manualFuture().future;
      without.cancel();
      expect(await thrownBy(without)).not.toHaveProperty('cause');
    });
  });

  describe('result() and exception()', () => {
    it.each([[42], [0], [''], [null], [undefined], [false]])(
      'give the value %p and no exception',
      async (value) => {
        const { future, controller } = manualFuture();
        const waiting = [future, future.result(), future.result(60_000)];
        controller.resolve(value);
        expect(await Promise.all(waiting)).toEqual([value, value, value]);
        expect(await future.result(0)).toBe(value);
        expect(await future.exception()).toBeUndefined();
      },
    );

    it.each([[new TypeError('wrong')], [0], [''], [null], [undefined], [false]])(
      'give what was thrown: %p',
      async (thrown) => {
        const { future, controller } = manualFuture();
        controller.reject(thrown);
        expect(future.state).toBe('failed');
        expect(await thrownBy(future)).toBe(thrown);
        expect(await thrownBy(future.result())).toBe(thrown);
        expect(await thrownBy(future.result(0))).toBe(thrown);
        expect(await future.exception()).toBe(thrown);
        expect(await future.exception(-1)).toBe(thrown);
      },
    );

    it('reject with the same CancelledError, also for those who waited already', async () => {
      const { future } = manualFuture();
      const waiting = [future.result(), future.exception(), future.result(60_000)].map(thrownBy);
      future.cancel();
      const error = await thrownBy(future);
      expect(error).toBeInstanceOf(CancelledError);
      expect((await Promise.all(waiting)).every((other) => other === error)).toBe(true);
      expect(await thrownBy(future.exception(0))).toBe(error);
    });

    it.each([[0], [-1], [5]])(
      'reject with a TimeoutError after %p ms, and leave the future alone',
      async (timeout) => {
        const { future, controller, removals } = manualFuture();
        controller.setState('running');
        for (const waiting of [
          future.result(timeout),
          future.result({ timeout }),
          future.exception(timeout),
          future.exception({ timeout }),
        ]) {
          expect(await thrownBy(waiting)).toBeInstanceOf(TimeoutError);
        }
        expect([future.state, removals()]).toEqual(['running', 0]);
        controller.resolve('later');
        expect(await future.result(timeout)).toBe('later');
      },
    );

    it('reject with the reason of the signal, and leave the future alone', async () => {
      const { future, controller, removals } = manualFuture();
      const abort = new AbortController();
      const waiting = thrownBy(future.result({ signal: abort.signal }));
      abort.abort('enough');
      expect(await waiting).toBe('enough');
      expect(await thrownBy(future.exception({ signal: abort.signal }))).toBe('enough');
      expect([future.state, removals()]).toEqual(['pending', 0]);
      controller.resolve(1);
      expect(await future).toBe(1);
    });

    it.each([
      [Number.NaN, RangeError],
      ['soon', TypeError],
      [null, TypeError],
    ])('reject a timeout of %p', async (timeout, error) => {
      for (const { future } of [manualFuture<number>(), endedFuture('finished')]) {
        expect(await thrownBy(future.result({ timeout: timeout as never }))).toBeInstanceOf(error);
        expect(await thrownBy(future.exception({ timeout: timeout as never }))).toBeInstanceOf(error);
      }
    });

    it('wait for ever with Infinity, and long with more than a timer can take', async () => {
      const { future, controller } = manualFuture();
      const waiting = [future.result(Infinity), future.result(2 ** 31), future.result(1e300)];
      await thrownBy(future.result(20));
      controller.resolve('in time');
      expect(await Promise.all(waiting)).toEqual(['in time', 'in time', 'in time']);
    });
  });

  describe('as a promise', () => {
    it('is one, and what then, catch and finally return are plain ones', async () => {
      const { future, controller } = manualFuture<number>();
      const derived = [future.then((x) => x + 1), future.catch(() => 0), future.finally(() => {})];
      controller.resolve(1);
      expect(future).toBeInstanceOf(Promise);
      expect(derived.some((promise) => promise instanceof Future)).toBe(false);
      expect(await Promise.all(derived)).toEqual([2, 1, 1]);
      expect(Object.prototype.toString.call(future)).toBe('[object Future]');
    });

    it('works in Promise.all, race, any and allSettled', async () => {
      const [good, bad, open] = [
        endedFuture('finished').future,
        endedFuture('failed').future,
        manualFuture().future,
      ];
      expect(await Promise.all([good, good])).toEqual([42, 42]);
      expect(await Promise.race([open, good])).toBe(42);
      expect(await Promise.any([bad, good])).toBe(42);
      expect(await thrownBy(Promise.all([good, bad]))).toMatchObject({ message: 'wrong' });
      expect((await Promise.allSettled([good, bad])).map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
      ]);
    });
  });

  it.each([
    ['pending', (): Future<unknown> => manualFuture().future, 'Future { pending }'],
    ['pending with a job', () => manualFuture({ jobId: '7.0' }).future, 'Future { job 7.0 pending }'],
    ['finished', () => endedFuture('finished').future, 'Future { finished returned number }'],
    ['failed', () => endedFuture('failed').future, 'Future { failed raised TypeError }'],
    ['cancelled', () => endedFuture('cancelled').future, 'Future { cancelled }'],
  ])('shows itself when it is %s', (_state, make, shown) => {
    expect(inspect(make())).toBe(shown);
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [new Map(), 'Map'],
    [Object.create(null), 'object'],
  ])('shows the type of the result %p', (value, type) => {
    const { future, controller } = manualFuture();
    controller.resolve(value);
    expect(inspect(future)).toBe(`Future { finished returned ${type} }`);
  });

  it('tells what its executor knows of the job', async () => {
    const source = {
      jobId: '1.2',
      host: 'here',
      attempts: 3,
      stdout: async () => 'out',
      stderr: async () => 'err',
    };
    const { future } = manualFuture(source);
    expect([future.jobId, future.host, future.attempts, future.usage]).toEqual(['1.2', 'here', 3, undefined]);
    expect([await future.stdout(), await future.stderr()]).toEqual(['out', 'err']);
  });

  it('is made by executors alone', () => {
    expect(() => Future.resolve(1)).toThrow(
      'A Future is made by an executor; for a plain promise use Promise',
    );
  });
});
