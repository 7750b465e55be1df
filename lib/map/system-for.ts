import { availableParallelism } from 'node:os';
import type { BatchSystem } from '../batch/batch-system.ts';
import { HTCondorSystem, type HTCondorPlace } from '../batch/htcondor/htcondor-system.ts';
import { LocalSystem } from '../batch/local/local-system.ts';
import type { JobSetHeader } from '../cluster/check-header.ts';
import { CondorFuturesError } from '../errors.ts';

/** How the batch system of a map is to be reached, rather than as its job set says. */
export type SystemPlace = Omit<HTCondorPlace, 'keepClaims' | 'keepClaimsFor' | 'filesystem'> & {
  readonly maxWorkers?: number | undefined;
};

/**
 * The batch system of a job set's jobs, by its header: no executor is needed.
 * @throws {CondorFuturesError} for one that this version does not know
 */
export function systemFor(
  { system, queue, filesystem }: JobSetHeader,
  { maxWorkers = availableParallelism(), ...place }: SystemPlace = {},
): BatchSystem {
  switch (system) {
    case 'HTCondor': {
      const { pool = queue?.pool, schedd = queue?.schedd } = place;
      return new HTCondorSystem({ ...place, pool, schedd, filesystem, keepClaims: 0 });
    }
    case 'local':
      return new LocalSystem(maxWorkers);
    default:
      throw new CondorFuturesError(
        `The jobs are those of ${String(system)}, of which this version of condor-futures knows nothing`,
      );
  }
}
