import { describe, expect, it } from '@jest/globals';
import { growthOf } from './growth.ts';

// A tenth of what `npm run bench -- --only growth-by-looking,growth-by-entering` does, with as much for each time.

describe('The memory of a program', () => {
  it('does not grow by looking inside of functions', () => {
    expect(growthOf('looking', 100, 400)).toBeLessThan(1e5);
  });

  it('does not grow by entering functions', () => {
    expect(growthOf('entering', 5, 2)).toBeLessThan(4e5);
  });
});
