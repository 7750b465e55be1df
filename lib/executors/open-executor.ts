import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { checkChoice, checkOptions } from '../base/checks.ts';
import { CommandNotFoundError } from '../base/errors.ts';
import type { MappingExecutor } from '../map/mapping-executor.ts';
import { HTCondorExecutor, type HTCondorExecutorOptions } from './htcondor-executor.ts';
import { LocalExecutor, type LocalExecutorOptions } from './local-executor.ts';

const SYSTEMS = ['auto', 'htcondor', 'local'] as const;

export interface OpenExecutorOptions extends HTCondorExecutorOptions, LocalExecutorOptions {
  /**
   * The batch system. `auto` takes the first one whose commands are on PATH, or this machine if there is
   * none.
   * @default 'auto'
   */
  readonly system?: (typeof SYSTEMS)[number] | undefined;
  /**
   * Whether to throw instead of falling back to this machine.
   * @default false
   */
  readonly requireCluster?: boolean | undefined;
}

/**
 * Creates the executor that fits the machine on which the program runs. Options that only other
 * executors have are ignored.
 * @throws {CommandNotFoundError} with `requireCluster`, if no batch system's commands are on PATH
 */
export function openExecutor(options: OpenExecutorOptions = {}): MappingExecutor {
  const { system = 'auto', requireCluster = false, maxWorkers, ...others } = options;
  const { pool, schedd, submitPatience, commandTimeout, keepClaims, keepClaimsFor, ...common } = others;
  const place = { pool, schedd, submitPatience, commandTimeout, keepClaims, keepClaimsFor };
  checkChoice('system', system, SYSTEMS);
  checkOptions('openExecutor()', { requireCluster }, { requireCluster: ['boolean'] });
  if (system === 'htcondor' || (system === 'auto' && isOnPath('condor_submit'))) {
    return new HTCondorExecutor({ ...common, ...place });
  }
  if (requireCluster && system === 'local') {
    throw new TypeError(
      "`system: 'local'` is no cluster, and `requireCluster` wants one. Remedy: leave one of them out",
    );
  }
  if (requireCluster) {
    throw new CommandNotFoundError(
      'No batch system is here: condor_submit is not on PATH. Remedy: run this on a submit machine, or leave `requireCluster` out',
      { command: 'condor_submit', exitCode: null, stderr: '' },
    );
  }
  return new LocalExecutor({ ...common, maxWorkers });
}

function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
