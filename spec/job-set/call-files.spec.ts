import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { removeCallFiles } from '../../lib/job-set/call-outputs.ts';
import { callDirectory, checkpointDirectory } from '../../lib/job-set/names.ts';
import { localJobId, localJobMark } from '../../lib/job-set/names.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { turn } from '../support/turn.ts';

describe('What a call has left', () => {
  const directory = temporaryDirectory();

  it('is removed with all that is in it, and nothing of others', async () => {
    await removeCallFiles(directory, 1);
    // What is removed in one turn shares a look at the directory.
    await turn();
    for (const call of [1, 12]) {
      mkdirSync(checkpointDirectory(directory, call, 0), { recursive: true });
      writeFileSync(`${checkpointDirectory(directory, call, 0)}/state`, '');
    }
    await removeCallFiles(directory, 1);
    await removeCallFiles(directory, 2);
    expect(existsSync(callDirectory(directory, 1))).toBe(false);
    expect(existsSync(`${checkpointDirectory(directory, 12, 0)}/state`)).toBe(true);
  });
});

describe('The mark of a local job', () => {
  it('gives its id to jobs of its own job set', () => {
    const mark = localJobMark('/a directory/of jobs', 'local.7f.3');
    expect(localJobId(mark, '/a directory/of jobs')).toBe('local.7f.3');
    for (const other of ['/a directory/of', 'jobs', '']) expect(localJobId(mark, other)).toBeUndefined();
    expect(localJobId(undefined, '/jobs')).toBeUndefined();
  });
});
