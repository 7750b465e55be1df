import { describe, expect, it } from '@jest/globals';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { runCrashes } from './crashes.ts';

const directory = sharedTemporaryDirectory();

describe('A program that is killed again and again, and attaches each time', () => {
  it('has each of its calls made once, and the value of each', async () => {
    const figures = await runCrashes({ directory, calls: 200, seed: 11, crashes: 8 });
    expect(figures).toMatchObject({ crashes: 8, wrong: [], doubled: [], lost: [] });
    expect(figures.submitted).toBeGreaterThan(0);
  });
});
