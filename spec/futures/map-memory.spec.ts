import { describe, expect, it } from '@jest/globals';
import { heldByAsCompleted, mostHeldByMap } from './census.ts';

// A tenth of what `npm run bench -- --only held-by-map,held-by-as-completed` does: more than the buffers may hold all the same.

describe('A map over endless items', () => {
  it.each([
    { bufferSize: 10 },
    { bufferSize: 10, ordered: false },
    { bufferSize: 100, chunkSize: 10 },
    { bufferSize: 10, onError: 'continue' as const },
  ])('holds no more items, futures and results than it may: %p', async (options) => {
    const most = await mostHeldByMap(options, 200);
    // Beside what is taken ahead, the loop's own few.
    expect(most).toBeLessThanOrEqual(options.bufferSize + 5);
    expect(most).toBeGreaterThan(0);
  });
});

describe('Futures that asCompleted has yielded', () => {
  it('are not held until the last one is done', async () => {
    expect(await heldByAsCompleted(100)).toBeLessThanOrEqual(2);
  });
});
