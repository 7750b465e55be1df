import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { QueueCapacity } from '../../../lib/cluster/submit/queue-capacity.ts';

let calls: number;
let room: QueueCapacity;
beforeEach(() => {
  jest.useFakeTimers();
  calls = 0;
  room = new QueueCapacity(Infinity, () => (calls += 1));
});
afterEach(() => {
  jest.useRealTimers();
});

/** Submits as many jobs as may go, to a queue that takes so many, until none may. */
function fill(places: number, wanted = 10_000): { taken: number[]; refused: number[] } {
  const taken: number[] = [];
  const refused: number[] = [];
  let left = places;
  for (let jobs = 1; jobs > 0;) {
    jobs = Math.min(room.beside(0), wanted);
    if (jobs === 0) break;
    const fits = jobs <= left;
    (fits ? taken : refused).push(jobs);
    if (!fits) room.onRefused('queue', jobs);
    else {
      left -= jobs;
      room.onAccepted(jobs);
    }
  }
  return { taken, refused };
}

describe('The room in a queue', () => {
  it('is without an end as long as nothing is refused, but for the jobs in flight', () => {
    expect(room.beside(1e6)).toBe(Infinity);
    const bounded = new QueueCapacity(10, () => {});
    expect([0, 9, 10, 11].map((inFlight) => bounded.beside(inFlight))).toEqual([10, 1, 0, 0]);
  });

  it('is half of what was refused, until some are taken or one is refused', () => {
    expect(fill(3000)).toEqual({ taken: [2500], refused: [10_000, 5000] });
    expect(room.beside(0)).toBe(0);
  });

  it('is one job for each that has left a full queue', () => {
    fill(0);
    expect(room.beside(0)).toBe(0);
    room.onLeft();
    room.onLeft();
    expect(room.beside(0)).toBe(2);
    room.onAccepted(2);
    expect(room.beside(0)).toBe(0);
  });

  it('is tried after ever longer pauses while the queue stays full', () => {
    jest.spyOn(Math, 'random').mockReturnValue(1);
    fill(0);
    const pauses: number[] = [];
    for (let passed = 0; passed < 200_000; passed += 1000) {
      room.tryLater();
      jest.advanceTimersByTime(1000);
      if (calls > pauses.length) pauses.push(passed + 1000);
      fill(0);
    }
    expect(pauses).toEqual([1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000, 183_000]);
  });

  it('is tried with twice as many each time when there is some again', () => {
    fill(0);
    room.tryLater();
    jest.advanceTimersByTime(1000);
    expect(fill(20)).toEqual({ taken: [1, 2, 4, 8], refused: [16] });
  });

  it('is tried no more when nobody waits', () => {
    fill(0);
    room.tryLater();
    room.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('How many jobs there may be at once', () => {
  it('is half of what was refused from then on, and nothing helps where one is too many', () => {
    expect([room.atOnce(), room.atOnce(Infinity)]).toEqual([10_000, Infinity]);
    expect(room.onRefused('submission', 100)).toBe(true);
    expect([room.atOnce(), room.atOnce(Infinity)]).toEqual([50, 50]);
    expect(room.beside(0)).toBe(Infinity);
    expect(room.onRefused('submission', 1)).toBe(false);
    expect(room.atOnce()).toBe(1);
  });
});
