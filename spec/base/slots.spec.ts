import { describe, expect, it } from '@jest/globals';
import { Slots } from '../../lib/base/fifo.ts';
import { turn } from '../support/turn.ts';

describe('Slots', () => {
  it('are used by so many at a time, in their order, and by the next one as soon as one is free', async () => {
    const slots = new Slots(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    for (const index of [0, 1, 2, 3]) {
      slots.run(async () => {
        begun.push(index);
        await new Promise<void>((resolve) => (ends[index] = resolve));
      });
    }
    expect(begun).toEqual([0, 1]);
    ends[1]?.();
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    for (const index of [0, 2]) ends[index]?.();
    await turn();
    expect(begun).toEqual([0, 1, 2, 3]);
    let idle = false;
    const waiting = slots.idle().then(() => (idle = true));
    await turn();
    expect(idle).toBe(false);
    ends[3]?.();
    await waiting;
    await slots.idle();
  });
});
