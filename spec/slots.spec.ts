import { describe, expect, it } from '@jest/globals';
import { Slots } from '../lib/slots.ts';
import { turn } from './support/turn.ts';
import { thrownBy } from './support/thrown-by.ts';

describe('Slots', () => {
  it('are used by so many at a time, in their order, and by the next one as soon as one is free', async () => {
    const slots = new Slots(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const uses = [0, 1, 2, 3].map(async (index) =>
      slots.use(async () => {
        begun.push(index);
        await new Promise<void>((resolve) => (ends[index] = resolve));
        return index;
      }),
    );
    await turn();
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    for (const index of [0, 2]) ends[index]?.();
    await turn();
    ends[3]?.();
    expect(await Promise.all(uses)).toEqual([0, 1, 2, 3]);
  });

  it('are free again after a failure', async () => {
    const slots = new Slots(1);
    const error = new Error('on purpose');
    expect(await thrownBy(slots.use(async () => Promise.reject(error)))).toBe(error);
    expect(await slots.use(async () => 7)).toBe(7);
  });
});
