import { describe, expect, it } from '@jest/globals';
import { longerHorizon, shareOf, wantedWorkers, windowOf } from '../../lib/workers/assignment-policy.ts';

describe('windowOf()', () => {
  it.each<[what: string, mean: number | undefined, calls: number]>([
    ['one call ahead before anything is known', undefined, 2],
    ['work for the horizon of calls of 10 ms', 10, 6],
    ['many calls that take no time', 0, 201],
    ['one ahead of calls that are longer than the horizon', 300, 2],
    ['none ahead of long calls', 5000, 1],
  ])('gives %s', (_what, mean, calls) => {
    expect(windowOf(mean, 50)).toBe(calls);
  });

  it('has an end, however far the horizon is', () => {
    let horizon = 50;
    for (let times = 0; times < 100; times += 1) horizon = longerHorizon(horizon);
    expect(horizon).toBe(500);
    expect(windowOf(0, 1e9)).toBe(1001);
  });
});

describe('shareOf()', () => {
  it.each<[what: string, waiting: number, assigned: number, window: number, workers: number, share: number]>([
    ['no more than fits', 1000, 0, 10, 2, 10],
    ['no more than a fair share', 4, 0, 10, 2, 2],
    ['something where little waits', 1, 0, 10, 50, 1],
    ['nothing before half of it is done', 1000, 6, 10, 2, 0],
    ['what is missing then', 1000, 5, 10, 2, 5],
    ['nothing where nothing waits', 0, 0, 10, 2, 0],
  ])('is %s', (_what, waiting, assigned, window, workers, share) => {
    expect(shareOf(waiting, assigned, window, workers)).toBe(share);
  });
});

describe('wantedWorkers()', () => {
  type Example = [
    what: string,
    waiting: number,
    busy: number,
    free: number,
    mean: number | undefined,
    room: number,
    wanted: number,
  ];
  it.each<Example>([
    ['none for nothing', 0, 0, 0, undefined, 50, 0],
    ['one for each call while nothing is known', 20, 0, 0, undefined, 50, 20],
    ['no more than there is room for', 100, 0, 0, undefined, 50, 50],
    ['none where one has nothing to do', 1, 3, 1, undefined, 50, 0],
    ['one at least', 5, 0, 0, 0.1, 50, 1],
    ['none where those that are there are done in no time', 500, 2, 0, 0.1, 48, 0],
    ['one for each of some long calls', 10, 2, 0, 60_000, 48, 10],
    ['some for much work', 1000, 1, 0, 10, 49, 39],
    ['none where there is no room', 10, 2, 0, 60_000, 0, 0],
  ])('are %s', (_what, waiting, busy, free, mean, room, wanted) => {
    expect(wantedWorkers(waiting, { busy, free }, mean, room)).toBe(wanted);
  });
});
