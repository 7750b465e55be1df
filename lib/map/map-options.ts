import type { BatchSystem } from '../batch/batch-system.ts';
import type { MapHeader, ResolvedOptions } from '../cluster-options.ts';
import type { HoldAction, JobPolicies } from '../job-options.ts';
import { TAG_VARIABLE } from '../job-set/tag-variable.ts';

/** The options of an executor, for a map of it. */
export function mapOptions(options: ResolvedOptions, tag: string, map: MapHeader): ResolvedOptions {
  return {
    ...options,
    submit: { batch_name: tag, ...options.submit },
    environment: { ...options.environment, [TAG_VARIABLE]: tag },
    // Held components can be released, or run again, on another day.
    policies: { ...options.policies, onHold: options.policies.onHold ?? 'wait' },
    keepFiles: 'all',
    detachOnExit: true,
    workers: undefined,
    map,
  };
}

/** Whether a program has to look after the jobs: the batch system knows nothing of retries, and local jobs end with the program. */
export function needsKeeper({ jobSetRemoval }: BatchSystem, policies: JobPolicies): boolean {
  const { retries = 0, growMemory, onHold = 'wait' } = policies;
  const retried = typeof retries === 'number' ? retries > 0 : retries.limit > 0;
  const actions: readonly (HoldAction | undefined)[] =
    typeof onHold === 'string' ? [onHold] : Object.values<HoldAction>(onHold);
  return (
    jobSetRemoval === undefined ||
    retried ||
    growMemory !== undefined ||
    actions.some((action) => action !== undefined && action !== 'wait')
  );
}
