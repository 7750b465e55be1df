import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HTCondorJobSetRemoval } from '../../../lib/batch/htcondor/actions.ts';
import { CommandError } from '../../../lib/base/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const bin = temporaryDirectory();
let path: string | undefined;
let submissionsEnded: number;
let removal: HTCondorJobSetRemoval;
beforeEach(() => {
  path = process.env['PATH'];
  process.env['PATH'] = [bin, path].join(delimiter);
  submissionsEnded = 0;
  removal = new HTCondorJobSetRemoval(['-name', 'submit7'], 60_000, () => (submissionsEnded += 1));
});
afterEach(() => {
  process.env['PATH'] = path;
});

/** A condor_rm that notes its arguments. */
function condorRm(says: string, exitCode: number): void {
  const script = `#!/bin/sh\nprintf '%s|' "$@" >'${bin}/arguments'\necho "${says}" >&2\nexit ${exitCode}\n`;
  writeFileSync(join(bin, 'condor_rm'), script);
  chmodSync(join(bin, 'condor_rm'), 0o755);
}

const EXPECTED = '-name|submit7|-constraint|CondorFuturesJobSet == "set-1"|';
const NONE = "Couldn't find/remove all jobs matching constraint (CondorFuturesJobSet == 'set-1')";

describe('Jobs of a job set', () => {
  it.each([
    ['', 0],
    [NONE, 1],
  ])('are removed with one command, whether there are any or not (%p)', async (says, exitCode) => {
    condorRm(says, exitCode);
    await removal.remove('set-1');
    expect(readFileSync(join(bin, 'arguments'), 'utf8')).toBe(EXPECTED);
    expect(submissionsEnded).toBe(0);
  });

  it.each([
    ['', 0],
    [NONE, 1],
  ])('are removed without a turn of the event loop, and none are submitted any more (%p)', (says, code) => {
    condorRm(says, code);
    removal.removeNow('set-1', 10_000);
    expect(readFileSync(join(bin, 'arguments'), 'utf8')).toBe(EXPECTED);
    expect(submissionsEnded).toBe(1);
  });

  it('are not removed when condor_rm fails, which is told', async () => {
    condorRm('no schedd', 1);
    await expect(removal.remove('set-1')).rejects.toThrow('exit code 1: no schedd');
    expect(() => removal.removeNow('set-1', 10_000)).toThrow(CommandError);
    expect(() => removal.removeNow('set-1', 10_000)).toThrow('condor_rm failed with exit code 1: no schedd');
  });

  it('are not waited for longer than the process may', () => {
    writeFileSync(join(bin, 'condor_rm'), '#!/bin/sh\nexec sleep 600\n');
    expect(() => removal.removeNow('set-1', 50)).toThrow(
      'condor_rm failed with spawnSync condor_rm ETIMEDOUT',
    );
  });

  it('can be removed by hand', () => {
    expect(removal.commandFor('set-1')).toBe(
      `condor_rm -name submit7 -constraint 'CondorFuturesJobSet == "set-1"'`,
    );
  });
});
