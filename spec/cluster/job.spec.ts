import { describe, expect, it } from '@jest/globals';
import { errorOf } from '../../lib/cluster/job.ts';

describe('The error of a job that could not even begin', () => {
  it.each([
    ['/bin/sh: 0: cannot open /shared/set/run.sh: No such file', 'Remedy: name a `directory`'],
    ['run.sh: 4: cannot create /shared/set/logs/1.out: No space left on device', 'Remedy: see whether'],
    ['run.sh: 4: cannot create /shared/set/logs/1.out: Disk quota exceeded', 'Remedy: see whether'],
    ['run.sh: 4: cannot create /shared/set/logs/1.out: Read-only file system', 'Remedy: see whether'],
  ])('has the remedy for what its shell said: %s', (stderrTail, remedy) => {
    const failure = { jobId: '7.0', host: 'node7', stderrTail, stderrFile: undefined };
    const error = errorOf({ kind: 'ended', jobId: '7.0', exitCode: 2 }, failure, true);
    expect(error.message).toContain(remedy);
    expect(error.message).toContain(stderrTail);
  });
});
