import { describe, expect, it } from '@jest/globals';
import { batchesOf } from '../../../lib/map/create/inputs.ts';
import { collect } from '../../support/collect.ts';
import { thrownBy } from '../../support/thrown-by.ts';

describe('the inputs of a map', () => {
  it('come in batches, and promises among them are not waited for', async () => {
    const pending = new Promise<number>(() => {});
    expect(await collect(batchesOf([1, pending, 3], 2))).toEqual([[1, pending], [3]]);
  });

  it('may come from an async iterator that gives thenables, as for await takes them', async () => {
    const steps = [
      { value: 1, done: false },
      { value: 2, done: false },
      { value: undefined, done: true },
    ];
    const inputs = {
      [Symbol.asyncIterator]: () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- as older promise libraries have them
        next: () => ({ then: (resolve: (step: unknown) => void) => resolve(steps.shift()) }),
      }),
    };
    expect(await collect(batchesOf(inputs as unknown as AsyncIterable<number>, 3))).toEqual([[1, 2]]);
  });

  it('are given up while the next one is waited for', async () => {
    const controller = new AbortController();
    async function* never(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    }
    const batches = batchesOf(never(), undefined, controller.signal);
    const next = batches.next();
    controller.abort(new Error('enough'));
    expect(await thrownBy(next)).toMatchObject({ message: 'enough' });
  });
});
