import { checkOptions, showValue } from '../../base/checks.ts';
import { keyOf, mergeSubmitOptions, REQUIREMENTS, type SubmitOptions } from '../../batch/submit-options.ts';
import type { Executor, OrFuture, OrFutures } from '../../futures/executor.ts';
import type { Future } from '../../futures/future.ts';
import { checkPolicies, type JobOptions, type JobPolicies, POLICY_TABLE } from '../../futures/job-options.ts';
import { noteStandIn } from '../../payload/identities.ts';
import type { JobMap } from '../job-map.ts';
import type { MapSubmitOptions } from './component-options.ts';
import type { CreateMapOptions } from './create-map.ts';
import type { Axes, Inputs } from './inputs.ts';
import type { MapBuilder } from './map-builder.ts';

/**
 * A function with methods that submit it and make maps of it, always with the options given to
 * `executor.wrap(fn, options)`. A plain call runs it in this process.
 */
export interface WrappedFunction<This, A extends unknown[], R> {
  (this: This, ...args: A): R;
  /** Creates a map of the function, as `executor.createMap` does. */
  map(inputs: Inputs<OrFuture<A[0]>>, options?: CreateMapOptions<A[0]>): Promise<JobMap<[A[0]], Awaited<R>>>;
  /** Creates a map from argument lists, as `executor.createStarmap` does. */
  starmap(
    argumentLists: Inputs<Readonly<OrFutures<A>>>,
    options?: CreateMapOptions<Readonly<A>>,
  ): Promise<JobMap<A, Awaited<R>>>;
  /** Creates a map of all combinations, as `executor.createProduct` does. */
  product(axes: Axes<OrFutures<A>>, options?: CreateMapOptions<Readonly<A>>): Promise<JobMap<A, Awaited<R>>>;
  /** Creates a builder of a map, as `executor.mapBuilder` does. */
  builder(options?: CreateMapOptions<Readonly<A>>): MapBuilder<A, Awaited<R>>;
  /** Builds a map with a callback, as `executor.buildMap` does. */
  build(
    fill: (call: (...args: OrFutures<A>) => number) => void | Promise<void>,
    options?: CreateMapOptions<Readonly<A>>,
  ): Promise<JobMap<A, Awaited<R>>>;
  /** Submits one call, as `executor.submit` does. */
  submit(...args: A): Future<Awaited<R>>;
}

/** An executor that makes maps: the methods of `MappingExecutor` that a wrapped function calls. */
export interface MapMaker extends Pick<Executor, 'with'> {
  createMap<T, R>(
    fn: (input: T) => R,
    inputs: Inputs<OrFuture<T>>,
    options?: CreateMapOptions<NoInfer<T>>,
  ): Promise<JobMap<[T], Awaited<R>>>;
  createStarmap<A extends unknown[], R>(
    fn: (...args: A) => R,
    argumentLists: Inputs<NoInfer<Readonly<OrFutures<A>>>>,
    options?: CreateMapOptions<Readonly<NoInfer<A>>>,
  ): Promise<JobMap<A, Awaited<R>>>;
  createProduct<A extends unknown[], R>(
    fn: (...args: A) => R,
    axes: NoInfer<Axes<OrFutures<A>>>,
    options?: CreateMapOptions<Readonly<NoInfer<A>>>,
  ): Promise<JobMap<A, Awaited<R>>>;
  mapBuilder<A extends unknown[], R>(
    fn: (...args: A) => R,
    options?: CreateMapOptions<Readonly<NoInfer<A>>>,
  ): MapBuilder<A, Awaited<R>>;
  buildMap<A extends unknown[], R>(
    fn: (...args: A) => R,
    fill: (call: (...args: OrFutures<A>) => number) => void | Promise<void>,
    options?: CreateMapOptions<Readonly<NoInfer<A>>>,
  ): Promise<JobMap<A, Awaited<R>>>;
}

/** @throws {TypeError} {@link RangeError} for wrong options */
export function wrapFunction<This, A extends unknown[], R>(
  executor: MapMaker,
  fn: (this: This, ...args: A) => R,
  given: WrapOptions<A>,
): WrappedFunction<This, A, R> {
  const options = checkWrapOptions(given as WrapOptions<never>);
  const free: (...args: A) => R = fn;
  const spread = (more: CreateMapOptions<Readonly<A>> = {}): CreateMapOptions<Readonly<A>> =>
    mapOptionsOf(options, more, true);
  const single = (more: CreateMapOptions<A[0]> = {}): CreateMapOptions<A[0]> =>
    mapOptionsOf(options, more, false);
  function wrapped(this: This, ...args: A): R {
    return Reflect.apply(fn, this, args);
  }
  const methods: Record<string, unknown> &
    Pick<WrappedFunction<This, A, R>, keyof WrappedFunction<This, A, R>> = {
    map: async (inputs, more) =>
      executor.createMap(free as unknown as (input: A[0]) => R, inputs, single(more)),
    starmap: async (lists, more) => executor.createStarmap(free, lists as never, spread(more)),
    product: async (axes, more) => executor.createProduct(free, axes, spread(more)),
    builder: (more) => executor.mapBuilder(free, spread(more)),
    build: async (fill, more) => executor.buildMap(free, fill, spread(more)),
    submit: (...args: A) => executor.with(jobOptionsOf(options, args)).submit(free, ...args),
  };
  for (const name of ['name', 'length'] as const)
    Object.defineProperty(wrapped, name, { value: fn[name], configurable: true });
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(wrapped, name, { value, configurable: true, writable: true });
  // A job that captures the wrapped function gets the plain function instead.
  noteStandIn(wrapped, fn);
  return wrapped as unknown as WrappedFunction<This, A, R>;
}

type SubmitValue = SubmitOptions[string];
type SubmitFunction = (args: readonly unknown[], component: number) => SubmitValue | undefined;

/** Options for all jobs of a wrapped function, in maps and single calls. */
export interface WrapOptions<A extends readonly unknown[]> extends JobPolicies {
  /** Submit commands: values, or functions of a call's arguments and component index (0 outside maps). */
  readonly submit?: Readonly<
    Record<string, SubmitValue | ((args: A, component: number) => SubmitValue | undefined)>
  >;
}

/** @throws {TypeError} {@link RangeError} */
export function checkWrapOptions<O extends WrapOptions<never>>(options: O): O {
  checkOptions('wrap()', options, { submit: ['object'], ...POLICY_TABLE });
  checkPolicies(options);
  for (const [name, value] of Object.entries(options.submit ?? {})) {
    if (['string', 'number', 'boolean', 'function'].includes(typeof value)) continue;
    const remedy = Array.isArray(value)
      ? '. A list fits one map only: give it to that map, or take a function of the arguments here'
      : '';
    throw new TypeError(
      `Expected \`submit.${name}\` of wrap() to be a value, or a function of the arguments, got ${showValue(value)}${remedy}`,
    );
  }
  // A copy, so that later changes by the caller are not used unchecked.
  return { ...options, submit: { ...options.submit } };
}

/**
 * Merges the options of a wrapped function and of one of its maps. Each submit command of the map overrides
 * that of the function, except `requirements`, which are combined.
 * @param spread whether the map's inputs are lists of arguments
 */
export function mapOptionsOf<T>(
  wrap: WrapOptions<never>,
  call: CreateMapOptions<T>,
  spread: boolean,
): CreateMapOptions<T> {
  const { submit: outer = {}, ...outerOthers } = wrap;
  const { submit: inner = {}, ...innerOthers } = call;
  const adapted = Object.entries(outer as Record<string, SubmitValue | SubmitFunction>).map(
    ([name, value]) => [name, typeof value === 'function' ? adaptToInput(value, spread) : value] as const,
  );
  const given = Object.entries(innerOthers).filter(([, value]) => value !== undefined);
  const submit = mergeMapSubmit(Object.fromEntries(adapted), inner as MapSubmitOptions<unknown>);
  return { ...outerOthers, ...Object.fromEntries(given), submit };
}

/** Computes the options of a single call of a wrapped function. */
export function jobOptionsOf(wrap: WrapOptions<never>, args: readonly unknown[]): JobOptions {
  const { submit = {}, ...policies } = wrap;
  const commands = Object.entries(submit as Record<string, SubmitValue | SubmitFunction>).flatMap(
    ([name, value]) => {
      const found = typeof value === 'function' ? value(args, 0) : value;
      return found === undefined ? [] : [[name, found] as const];
    },
  );
  const defined = Object.entries(policies).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(defined), submit: Object.fromEntries(commands) };
}

/** Adapts a function of the arguments to a function of the input, which a map calls. */
function adaptToInput(fn: SubmitFunction, spread: boolean) {
  return (input: unknown, component: number): SubmitValue | undefined =>
    fn(spread ? (input as unknown[]) : [input], component);
}

type AnySubmit = MapSubmitOptions<unknown>;
type Entry = AnySubmit[string];

function mergeMapSubmit(outer: AnySubmit, inner: AnySubmit): AnySubmit {
  const merged: Record<string, Entry> = { ...outer };
  for (const [name, value] of Object.entries(inner)) {
    const known = Object.keys(merged).find((other) => keyOf(other) === keyOf(name));
    if (known === undefined) {
      merged[name] = value;
      continue;
    }
    const before = merged[known];
    Reflect.deleteProperty(merged, known);
    merged[name] = keyOf(name) === REQUIREMENTS ? mergeRequirements(before, value) : value;
  }
  return merged;
}

type Requirements = SubmitValue | undefined;

/** Combines requirements, so that each component must meet both. */
function mergeRequirements(outer: Entry, inner: Entry): Entry {
  if (typeof outer !== 'function' && typeof inner !== 'function') {
    return Array.isArray(inner)
      ? inner.map((one: SubmitValue) => combine(outer as SubmitValue, one) as SubmitValue)
      : combine(outer as SubmitValue, inner as SubmitValue);
  }
  const at = (entry: Entry, input: unknown, component: number): Requirements => {
    if (typeof entry === 'function') return entry(input, component);
    return Array.isArray(entry) ? (entry[component] as SubmitValue) : (entry as SubmitValue);
  };
  return (input, component) => combine(at(outer, input, component), at(inner, input, component));
}

/** @returns an expression that is true if both are; the other one if one is undefined */
function combine(first: Requirements, second: Requirements): Requirements {
  if (first === undefined || second === undefined) return first ?? second;
  return mergeSubmitOptions({ [REQUIREMENTS]: first }, { [REQUIREMENTS]: second })[REQUIREMENTS];
}
