import { describe, expect, it } from '@jest/globals';
import { Fifo } from '../../lib/base/fifo.ts';

describe('What is first in is first out', () => {
  it('however many there are, and however they come and go', () => {
    const fifo = new Fifo<number>();
    const out: (number | undefined)[] = [];
    let next = 0;
    for (const [pushes, shifts] of [
      [5000, 3000],
      [10, 2005],
      [3000, 2000],
      [1, 1006],
    ] as const) {
      for (let count = 0; count < pushes; count += 1) fifo.push((next += 1));
      for (let count = 0; count < shifts; count += 1) out.push(fifo.shift());
    }
    expect(out).toEqual(Array.from({ length: 8011 }, (_, index) => index + 1));
    expect([fifo.size, fifo.shift()]).toEqual([0, undefined]);
  });

  it('and nothing is left when it is cleared', () => {
    const fifo = new Fifo<number>();
    fifo.push(1);
    fifo.clear();
    fifo.push(2);
    expect([fifo.size, fifo.shift(), fifo.shift()]).toEqual([1, 2, undefined]);
  });
});
