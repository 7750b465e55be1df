import type { OptionsOfJobs } from '../job-set/journal.ts';

/** Submit commands (HTCondor) by name, as the user wrote them. */
export type SubmitOptions = Readonly<Record<string, string | number | boolean>>;

type Value = SubmitOptions[string];

/**
 * Submit options of several layers, such as an executor's and those of `with()`: the inner win, command by command, but for `requirements`,
 * which are all to hold. Names are compared as HTCondor does, without regard to case, and `+Name` is `MY.Name`. The layers stay as they are.
 * @returns commands in lower case; attributes as they were written last
 */
export function mergeSubmitOptions(...layers: readonly (SubmitOptions | undefined)[]): SubmitOptions {
  const merged = new Map<string, readonly [name: string, value: Value]>();
  for (const layer of layers) {
    for (const [key, [name, value]] of byKey(layer ?? {})) {
      const outer = key === REQUIREMENTS ? merged.get(key) : undefined;
      merged.set(key, [name, outer === undefined ? value : bothRequirements(outer[1], value)]);
    }
  }
  return Object.fromEntries(merged.values());
}

/** The {@link keyOf} what is merged, rather than replaced. */
export const REQUIREMENTS = 'requirements';

/** The name of the attribute that `+Name` or `MY.Name` sets; undefined for the name of a command. */
export function attributeOf(name: string): string | undefined {
  return /^(?:\+|my\.)(.*)$/is.exec(name)?.[1];
}

/** The same for names that are the same to HTCondor. */
export function keyOf(name: string): string {
  const attribute = attributeOf(name);
  return attribute === undefined ? name.toLowerCase() : `my.${attribute.toLowerCase()}`;
}

/** Of one layer: of names that are the same, the last counts. */
function byKey(layer: SubmitOptions): Map<string, readonly [name: string, value: Value]> {
  return new Map(
    Object.entries(layer).map(([name, value]) => {
      const key = keyOf(name);
      return [key, [attributeOf(name) === undefined ? key : name, value]];
    }),
  );
}

/** Also of options that were merged before, as those of a journal are. */
function bothRequirements(outer: Value, inner: Value): Value {
  const [a, b] = [String(outer).trim(), String(inner).trim()];
  if (a === '' || a === b || b.startsWith(`(${a}) && `)) return inner;
  return b === '' ? outer : `(${a}) && (${b})`;
}

/** Submit options of which each job of a submission has its own value, by name: the values in the order of the jobs. */
export type VariedOptions = Readonly<Record<string, readonly SubmitOptions[string][]>>;

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
