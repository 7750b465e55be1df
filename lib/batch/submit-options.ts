import type { OptionsOfJobs } from '../job-set/journal.ts';

/** Submit commands (HTCondor) by name, as the user wrote them. */
export type SubmitOptions = Readonly<Record<string, string | number | boolean>>;

type Value = SubmitOptions[string];

/**
 * Merges layers of submit options, such as an executor's and those of `with()`. Later layers win, command by
 * command; `requirements` are combined with `&&`. Names are compared as HTCondor does: case does not matter,
 * and `+Name` is `MY.Name`.
 * @returns a new object, with commands in lower case and attributes as they were written last
 */
export function mergeSubmitOptions(...layers: readonly (SubmitOptions | undefined)[]): SubmitOptions {
  const merged = new Map<string, readonly [name: string, value: Value]>();
  for (const layer of layers) {
    for (const [key, [name, value]] of entriesByKey(layer ?? {})) {
      const outer = key === REQUIREMENTS ? merged.get(key) : undefined;
      merged.set(key, [name, outer === undefined ? value : combineRequirements(outer[1], value)]);
    }
  }
  return Object.fromEntries(merged.values());
}

/** The {@link keyOf} key of the command whose values are combined rather than replaced. */
export const REQUIREMENTS = 'requirements';

/** Name of the ClassAd attribute that `+Name` or `MY.Name` sets; undefined for a submit command. */
export function attributeOf(name: string): string | undefined {
  return /^(?:\+|my\.)(.*)$/is.exec(name)?.[1];
}

/** A key that is equal for names that mean the same to HTCondor. */
export function keyOf(name: string): string {
  const attribute = attributeOf(name);
  return attribute === undefined ? name.toLowerCase() : `my.${attribute.toLowerCase()}`;
}

/** Name and value of the entries of one layer, by key; the last of equal keys wins. */
function entriesByKey(layer: SubmitOptions): Map<string, readonly [name: string, value: Value]> {
  return new Map(
    Object.entries(layer).map(([name, value]) => {
      const key = keyOf(name);
      return [key, [attributeOf(name) === undefined ? key : name, value]];
    }),
  );
}

/**
 * Combines two requirements, unless the inner one was already combined with the outer one, as in options read
 * from a journal.
 */
function combineRequirements(outer: Value, inner: Value): Value {
  const [a, b] = [String(outer).trim(), String(inner).trim()];
  if (a === '' || a === b || b.startsWith(`(${a}) && `)) return inner;
  return b === '' ? outer : `(${a}) && (${b})`;
}

/**
 * Submit options whose values differ between the jobs of a submission: by name, the values in the order of
 * the jobs.
 */
export type VariedOptions = Readonly<Record<string, readonly SubmitOptions[string][]>>;

/**
 * Separates common options of jobs from those that differ.
 * @param all options of each job; at least one, with the same names in each
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

/** The submit options of one job, given its position in its submission. */
export function optionsOfJob({ submit, varied }: OptionsOfJobs, position: number): SubmitOptions {
  if (varied === undefined) return submit;
  const own = Object.entries(varied).map(([name, values]) => [name, values[position]] as const);
  return { ...submit, ...Object.fromEntries(own) } as SubmitOptions;
}
