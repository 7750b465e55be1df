import { describe, expect, it } from '@jest/globals';
import { hasTurnedAway } from '../../../lib/cluster/track/post-mortem.ts';
import { TURNED_AWAY } from '../../../lib/job-set/names.ts';

describe('A job that does not see its job set', () => {
  const turnsAway = async (submission: number | undefined, exitCode: number): Promise<boolean> => {
    const jobSet = { directory: '/nowhere', transfers: true, isRevoked: async (n: number) => n === 4 };
    return hasTurnedAway(jobSet, { submission, key: '7' }, { kind: 'ended', jobId: '1.0', exitCode });
  };

  it('was turned away if it says so by its exit code, and its submission was revoked', async () => {
    expect(await turnsAway(4, TURNED_AWAY)).toBe(true);
    expect(await turnsAway(4, 0)).toBe(false);
    expect(await turnsAway(5, TURNED_AWAY)).toBe(false);
    expect(await turnsAway(undefined, TURNED_AWAY)).toBe(false);
  });
});
