import { showValue } from '../../base/checks.ts';
import { MisalignedOptionError } from '../../base/map-errors.ts';
import type { SubmitOptions } from '../../batch/submit-options.ts';
import type { JobOptions, JobPolicies } from '../../futures/job-options.ts';

type SubmitValue = SubmitOptions[string];

/** A submit value for all components, or one for each, as a list or a function of input and index. */
export type PerComponent<T> =
  SubmitValue | readonly SubmitValue[] | ((input: T, component: number) => SubmitValue | undefined);

/** Submit commands of a map, by name. If a function returns undefined, the job has no such command. */
export type MapSubmitOptions<T> = Readonly<Record<string, PerComponent<T> | undefined>>;

/** The job options of each component of a map. Never changes the caller's objects. */
export class ComponentOptions<T> {
  /** The options that all components have in common. */
  readonly #fixed: JobOptions;
  readonly #varied: readonly (readonly [
    name: string,
    readonly SubmitValue[] | ((input: T, component: number) => unknown),
  ])[];

  /** @throws {TypeError} for an entry that is neither a value, nor a list, nor a function */
  constructor(submit: MapSubmitOptions<T> = {}, policies: JobPolicies = {}) {
    const entries = Object.entries(submit).filter(([, value]) => value !== undefined);
    const fixed = entries.filter((entry): entry is [string, SubmitValue] => isValue(entry[1]));
    this.#fixed = { ...policies, submit: Object.fromEntries(fixed) };
    this.#varied = entries
      .filter(([, value]) => !isValue(value))
      .map(([name, value]) => {
        if (typeof value === 'function') return [name, value] as const;
        if (Array.isArray(value)) return [name, [...(value as readonly SubmitValue[])]] as const;
        throw new TypeError(
          `Expected \`submit.${name}\` to be a value, a list of values, or a function of the input, got ${showValue(value)}`,
        );
      });
  }

  /** The submit commands that all components have in common. */
  get fixed(): SubmitOptions {
    return this.#fixed.submit ?? {};
  }

  /** Whether the options differ between components. */
  get isVaried(): boolean {
    return this.#varied.length > 0;
  }

  /**
   * The options of a component; without varied ones, all components share one object.
   * @throws {MisalignedOptionError} if a list is too short; {@link TypeError} for an invalid value
   */
  of(input: T, component: number): JobOptions {
    if (this.#varied.length === 0) return this.#fixed;
    const own: Record<string, SubmitValue> = {};
    for (const [name, values] of this.#varied) {
      if (typeof values !== 'function' && component >= values.length) throw misaligned(name, values.length);
      const value = typeof values === 'function' ? values(input, component) : values[component];
      if (value === undefined) continue;
      if (!isValue(value)) {
        throw new TypeError(
          `Expected \`submit.${name}\` of component ${component} to be a string, number or boolean, got ${showValue(value)}`,
        );
      }
      own[name] = value;
    }
    return { ...this.#fixed, submit: { ...this.#fixed.submit, ...own } };
  }

  /** @throws {MisalignedOptionError} if the length of a list differs from the number of components */
  checkCount(components: number): void {
    for (const [name, values] of this.#varied)
      if (typeof values !== 'function' && values.length !== components)
        throw misaligned(name, values.length, components);
  }
}

function isValue(value: unknown): value is SubmitValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function misaligned(name: string, entries: number, inputs?: number): MisalignedOptionError {
  const option = `submit.${name}`;
  const count = inputs === undefined ? `more than ${entries}` : String(inputs);
  return new MisalignedOptionError(
    `\`${option}\` has ${entries} values for ${count} inputs: it needs one for each`,
    option,
  );
}
