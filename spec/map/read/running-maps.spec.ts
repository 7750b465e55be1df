import { describe, expect, it } from '@jest/globals';
import { withMapLock } from '../../../lib/map/read/running-maps.ts';

describe('what is done with a map in turn', () => {
  it('begins when what was begun before is over, also if that failed; other maps are not waited for', async () => {
    const steps: string[] = [];
    let end: (error: Error) => void = () => {};
    const first = withMapLock('/a', async () => new Promise((_, reject) => (end = reject)));
    const second = withMapLock('/a', async () => steps.push('second'));
    await withMapLock('/b', async () => steps.push('of another'));
    end(new Error('failed'));
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(steps).toEqual(['of another', 'second']);
  });

  it('does not wait for itself', async () => {
    expect(await withMapLock('/a', async () => withMapLock('/a', async () => 7))).toBe(7);
  });
});
