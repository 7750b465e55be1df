import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandNotFoundError } from '../../lib/base/errors.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { openExecutor } from '../../lib/executors/open-executor.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const bin = temporaryDirectory();
const path = process.env['PATH'];
beforeEach(() => {
  process.env['PATH'] = bin;
});
afterEach(() => {
  process.env['PATH'] = path;
});

describe('openExecutor', () => {
  it('falls back to this machine where no batch system is on PATH', () => {
    const ofHTCondor = { pool: 'cm.example.org', schedd: 'x', submitPatience: 1, commandTimeout: 1 };
    expect(openExecutor({ maxWorkers: 2, ...ofHTCondor })).toBeInstanceOf(LocalExecutor);
  });

  it('refuses the fallback if a cluster is required, with the remedy', () => {
    expect(() => openExecutor({ requireCluster: true })).toThrow(CommandNotFoundError);
    expect(() => openExecutor({ requireCluster: true })).toThrow(/condor_submit is not on PATH\. Remedy:/);
  });

  it('takes HTCondor where its commands are on PATH', () => {
    writeFileSync(join(bin, 'condor_submit'), '');
    expect(openExecutor()).toBeInstanceOf(LocalExecutor); // not a program yet
    chmodSync(join(bin, 'condor_submit'), 0o755);
    expect(openExecutor({ maxWorkers: 2, requireCluster: true })).toBeInstanceOf(HTCondorExecutor);
  });

  it('takes the system it is told', () => {
    expect(openExecutor({ system: 'local' })).toBeInstanceOf(LocalExecutor);
    expect(openExecutor({ system: 'htcondor' })).toBeInstanceOf(HTCondorExecutor);
    expect(() => openExecutor({ system: 'pbs' as never })).toThrow(
      'Expected `system` to be one of auto, htcondor, local',
    );
  });

  it('refuses options that no executor has', () => {
    expect(() => openExecutor({ directry: '/x' } as never)).toThrow('has no option `directry`');
  });
});
