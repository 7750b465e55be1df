import { describe, expect, it } from '@jest/globals';
import { makePlan } from './plan.ts';
import { Random } from './random.ts';

describe('A plan of calls and faults', () => {
  const plan = makePlan(1000, new Random(7));

  it('is the same for the same seed, and another for another', () => {
    expect(makePlan(1000, new Random(7))).toEqual(plan);
    expect(makePlan(1000, new Random(8))).not.toEqual(plan);
  });

  it('has as many calls as asked for, of every kind', () => {
    const calls = plan.groups.flat();
    expect(calls.map(({ id }) => id)).toEqual(Array.from({ length: 1000 }, (_, id) => id));
    expect(new Set(calls.map(({ kind }) => kind))).toEqual(
      new Set(['quick', 'sleeping', 'throwing', 'exiting', 'killed', 'cancelled', 'mapped']),
    );
  });

  it('has faults of every kind, in the order of their time, and none when all is over', () => {
    const times = plan.faults.map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.max(...times)).toBeLessThan(1);
    expect(new Set(plan.faults.map(({ kind }) => kind)).size).toBe(9);
  });
});
