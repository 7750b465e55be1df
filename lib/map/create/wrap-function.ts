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

/** A function that runs here when it is called, as ever, and can make maps of itself, with options of its own: `executor.wrap(fn, options)`. */
export interface WrappedFunction<This, A extends unknown[], R> {
  (this: This, ...args: A): R;
  /** As `executor.createMap` of the function. */
  map(inputs: Inputs<OrFuture<A[0]>>, options?: CreateMapOptions<A[0]>): Promise<JobMap<[A[0]], Awaited<R>>>;
  /** As `executor.createStarmap` of the function. */
  starmap(
    argumentLists: Inputs<Readonly<OrFutures<A>>>,
    options?: CreateMapOptions<Readonly<A>>,
  ): Promise<JobMap<A, Awaited<R>>>;
  /** As `executor.createProduct` of the function. */
  product(axes: Axes<OrFutures<A>>, options?: CreateMapOptions<Readonly<A>>): Promise<JobMap<A, Awaited<R>>>;
  /** As `executor.mapBuilder` of the function. */
  builder(options?: CreateMapOptions<Readonly<A>>): MapBuilder<A, Awaited<R>>;
  /** As `executor.buildMap` of the function. */
  build(
    fill: (call: (...args: OrFutures<A>) => number) => void | Promise<void>,
    options?: CreateMapOptions<Readonly<A>>,
  ): Promise<JobMap<A, Awaited<R>>>;
  /** As `executor.submit` of the function. */
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
  // Where a job calls it, it is the function alone.
  noteStandIn(wrapped, fn);
  return wrapped as unknown as WrappedFunction<This, A, R>;
}

type SubmitValue = SubmitOptions[string];
type OfArguments = (args: readonly unknown[], component: number) => SubmitValue | undefined;

/** The options that a function has wherever it is called, map or single job. */
export interface WrapOptions<A extends readonly unknown[]> extends JobPolicies {
  /** Submit commands: values, or functions of a call's arguments and its index among those of its map. */
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
  // What its owner changes later does not change what was checked.
  return { ...options, submit: { ...options.submit } };
}

/**
 * The options of a map of a wrapped function: those of the map win, submit command by submit command, but for `requirements`, which must all
 * be met.
 * @param spread whether the map's inputs are lists of arguments
 */
export function mapOptionsOf<T>(
  wrap: WrapOptions<never>,
  call: CreateMapOptions<T>,
  spread: boolean,
): CreateMapOptions<T> {
  const { submit: outer = {}, ...outerOthers } = wrap;
  const { submit: inner = {}, ...innerOthers } = call;
  const adapted = Object.entries(outer as Record<string, SubmitValue | OfArguments>).map(
    ([name, value]) => [name, typeof value === 'function' ? ofInput(value, spread) : value] as const,
  );
  const given = Object.entries(innerOthers).filter(([, value]) => value !== undefined);
  const submit = joinSubmit(Object.fromEntries(adapted), inner as MapSubmitOptions<unknown>);
  return { ...outerOthers, ...Object.fromEntries(given), submit };
}

/** The options of a single call of a wrapped function. */
export function jobOptionsOf(wrap: WrapOptions<never>, args: readonly unknown[]): JobOptions {
  const { submit = {}, ...policies } = wrap;
  const own = Object.entries(submit as Record<string, SubmitValue | OfArguments>).flatMap(([name, value]) => {
    const found = typeof value === 'function' ? value(args, 0) : value;
    return found === undefined ? [] : [[name, found] as const];
  });
  const defined = Object.entries(policies).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(defined), submit: Object.fromEntries(own) };
}

function ofInput(of: OfArguments, spread: boolean) {
  return (input: unknown, component: number): SubmitValue | undefined =>
    of(spread ? (input as unknown[]) : [input], component);
}

type AnySubmit = MapSubmitOptions<unknown>;
type Entry = AnySubmit[string];

function joinSubmit(outer: AnySubmit, inner: AnySubmit): AnySubmit {
  const merged: Record<string, Entry> = { ...outer };
  for (const [name, value] of Object.entries(inner)) {
    const known = Object.keys(merged).find((other) => keyOf(other) === keyOf(name));
    if (known === undefined) {
      merged[name] = value;
      continue;
    }
    const before = merged[known];
    Reflect.deleteProperty(merged, known);
    merged[name] = keyOf(name) === REQUIREMENTS ? joinRequirements(before, value) : value;
  }
  return merged;
}

type Requirements = SubmitValue | undefined;

/** Both must be met, by each component. */
function joinRequirements(outer: Entry, inner: Entry): Entry {
  if (typeof outer !== 'function' && typeof inner !== 'function') {
    return Array.isArray(inner)
      ? inner.map((one: SubmitValue) => both(outer as SubmitValue, one) as SubmitValue)
      : both(outer as SubmitValue, inner as SubmitValue);
  }
  const at = (entry: Entry, input: unknown, component: number): Requirements => {
    if (typeof entry === 'function') return entry(input, component);
    return Array.isArray(entry) ? (entry[component] as SubmitValue) : (entry as SubmitValue);
  };
  return (input, component) => both(at(outer, input, component), at(inner, input, component));
}

function both(first: Requirements, second: Requirements): Requirements {
  if (first === undefined || second === undefined) return first ?? second;
  return mergeSubmitOptions({ [REQUIREMENTS]: first }, { [REQUIREMENTS]: second })[REQUIREMENTS];
}
