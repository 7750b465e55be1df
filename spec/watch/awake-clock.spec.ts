import { beforeEach, describe, expect, it } from '@jest/globals';
import { AwakeClock } from '../../lib/watch/awake-clock.ts';

let time: number;
let clock: AwakeClock;
beforeEach(() => {
  time = 1_000_000;
  clock = new AwakeClock(15_000, () => time);
});

/** So much time passes, with a look now and then. */
function pass(milliseconds: number, between: number): void {
  for (const end = time + milliseconds; time < end;) {
    time = Math.min(end, time + between);
    clock.check();
  }
}

describe('A clock of time awake', () => {
  it('goes as time goes while somebody looks', () => {
    const begin = clock.now();
    pass(60_000, 500);
    time += 250;
    expect(clock.now() - begin).toBe(60_250);
  });

  it('lets nothing be over that was not looked at twice', () => {
    clock = new AwakeClock(1000, () => time);
    const deadline = clock.now() + 1000;
    time += 86_400_000;
    clock.check();
    expect(clock.now()).toBeLessThan(deadline);
    pass(600, 600);
    expect(clock.now()).toBeGreaterThanOrEqual(deadline);
  });

  it('counts little of a time in which nobody could look', () => {
    const begin = clock.now();
    pass(1000, 500);
    time += 86_400_000;
    expect(clock.now() - begin).toBeLessThanOrEqual(6000);
    clock.check();
    pass(1000, 500);
    expect(clock.now() - begin).toBeLessThanOrEqual(7000);
    expect(clock.now() - begin).toBeGreaterThanOrEqual(2000);
  });
});
