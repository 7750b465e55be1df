import { describe, expect, it } from '@jest/globals';
import { assertPersonalPool } from '../support/pool-control.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { runSuite } from './suite.ts';
assertPersonalPool();

const directory = sharedTemporaryDirectory();

describe('Hundreds of calls among faults of all kinds', () => {
  it('are all settled, once, with what they gave or an error that fits', async () => {
    const figures = await runSuite({ calls: 300, seed: 7, directory, longest: 200_000 });
    expect(figures).toMatchObject({ calls: 300, hung: [], lost: [], doubled: [], left: 0 });
    for (const kind of ['schedd', 'startd', 'negotiator', 'collector'] as const) {
      expect(figures.faults.get(kind)).toBe(1);
    }
  });
});
