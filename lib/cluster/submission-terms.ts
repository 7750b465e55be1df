import type { AvoidedHost, SubmitOptions } from '../batch/batch-system.ts';
import { submitWith } from '../delivery/submit-with.ts';
import type { JobSet } from '../job-set/job-set.ts';
import type { JobOptions } from '../job-options.ts';
import { showMemory } from '../memory.ts';
import type { Call } from './call.ts';

/** What the jobs of one submission have in common. */
export interface Terms {
  readonly jobSet: JobSet;
  readonly submit: SubmitOptions;
  readonly avoid: readonly AvoidedHost[];
}

/**
 * Calls that can share one submission, in the order of their first.
 * @param common submit options of the executor, under those of a call
 */
export function groupByTerms(
  common: SubmitOptions,
  calls: Iterable<Call>,
): (Terms & { readonly calls: Call[] })[] {
  const groups = new Map<string, Terms & { calls: Call[] }>();
  // Most calls share their options with those before; to put those into words costs more than all the rest.
  const ordinary = new Map<JobOptions, Terms & { calls: Call[] }>();
  for (const call of calls) {
    const jobSet = call.jobSet as JobSet;
    const isOrdinary = call.memory === undefined && call.avoided.size === 0;
    const known = isOrdinary ? ordinary.get(call.options) : undefined;
    if (known?.jobSet === jobSet) {
      known.calls.push(call);
      continue;
    }
    const submit = submitWith(jobSet.submit, { ...common, ...call.options.submit, ...requestOf(call) });
    const avoid = [...call.avoided].map(([host, until]) => ({ host, until }));
    const name = JSON.stringify([jobSet.id, Object.entries(submit), avoid]);
    const group = groups.get(name) ?? { jobSet, submit, avoid, calls: [] };
    group.calls.push(call);
    groups.set(name, group);
    if (isOrdinary) ordinary.set(call.options, group);
  }
  return [...groups.values()];
}

function requestOf({ memory }: Call): SubmitOptions {
  return memory === undefined ? {} : { request_memory: showMemory(memory) };
}
