import { describe, expect, it } from '@jest/globals';
import { WriteQueue } from '../../../lib/runner/inside/generations.ts';
import { thrownBy } from '../../support/thrown-by.ts';

/** A queue whose writes end when they are told to. */
function heldQueue(): { queue: WriteQueue<string>; written: string[]; next: (error?: Error) => void } {
  const written: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const queue = new WriteQueue<string>(async (value) => {
    await new Promise<void>((resolve, reject) => {
      ends.push((error) => (error === undefined ? resolve() : reject(error)));
    });
    written.push(value);
  });
  return { queue, written, next: (error) => ends.shift()?.(error) };
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('A queue of writes', () => {
  it('writes the first, and the last of those that come meanwhile; all are told', async () => {
    const { queue, written, next } = heldQueue();
    const first = queue.add('a');
    await turn();
    const others = [queue.add('b'), queue.add('c'), queue.add('d')];
    next();
    await first;
    expect(written).toEqual(['a']);
    await turn();
    next();
    await Promise.all(others);
    expect(written).toEqual(['a', 'd']);
  });

  it('goes on after one that cannot be written', async () => {
    const { queue, written, next } = heldQueue();
    const first = queue.add('a');
    await turn();
    const second = queue.add('b');
    next(new Error('full'));
    expect(await thrownBy(first)).toMatchObject({ message: 'full' });
    await turn();
    next();
    await second;
    await queue.idle();
    expect(written).toEqual(['b']);
  });

  it('is idle when nothing is left', async () => {
    const { queue, written, next } = heldQueue();
    await queue.idle();
    void queue.add('a');
    const idle = queue.idle().then(() => written.push('idle'));
    await turn();
    next();
    await idle;
    expect(written).toEqual(['a', 'idle']);
  });
});
