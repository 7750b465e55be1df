import type { SubmitOptions } from './batch-system.ts';

/** Submit options of which each job of a submission has its own value, by name: the values in the order of the jobs. */
export type VariedOptions = Readonly<Record<string, readonly SubmitOptions[string][]>>;

/** The submit options of some jobs: what they have in common, and what each has of its own. */
export interface OptionsOfJobs {
  readonly submit: SubmitOptions;
  /** @default nothing */
  readonly varied?: VariedOptions | undefined;
}

/**
 * What options of jobs have in common, and where they differ.
 * @param all of each job, one at least, with the same names
 */
export function separateOptions(all: readonly SubmitOptions[]): OptionsOfJobs {
  const first = all[0] as SubmitOptions;
  if (all.every((one) => one === first)) return { submit: first };
  const submit: Record<string, SubmitOptions[string]> = {};
  const varied: Record<string, SubmitOptions[string][]> = {};
  for (const [name, value] of Object.entries(first)) {
    if (all.every((one) => one[name] === value)) submit[name] = value;
    else varied[name] = all.map((one) => one[name] as SubmitOptions[string]);
  }
  return Object.keys(varied).length === 0 ? { submit } : { submit, varied };
}

/** The submit options of one job, by its position among those that were submitted together. */
export function optionsOfJob({ submit, varied }: OptionsOfJobs, position: number): SubmitOptions {
  if (varied === undefined) return submit;
  const own = Object.entries(varied).map(([name, values]) => [name, values[position]] as const);
  return { ...submit, ...Object.fromEntries(own) } as SubmitOptions;
}
