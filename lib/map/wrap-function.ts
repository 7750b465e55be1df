import type { Future } from '../future.ts';
import type { OrFuture, OrFutures } from '../or-future.ts';
import { noteStandIn } from '../payload/stand-ins.ts';
import { checkWrapOptions, jobOptionsOf, mapOptionsOf, type WrapOptions } from './wrap-options.ts';
import type { CreateMapOptions } from './create-map.ts';
import type { Inputs } from './inputs.ts';
import type { JobMap } from './job-map.ts';
import type { MapBuilder } from './map-builder.ts';
import type { MappingExecutor } from './mapping-executor.ts';
import type { Axes } from './product.ts';

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

/** What a wrapped function needs of its executor. */
type Host = Pick<
  MappingExecutor,
  'createMap' | 'createStarmap' | 'createProduct' | 'mapBuilder' | 'buildMap' | 'with'
>;

/** @throws {TypeError} {@link RangeError} for wrong options */
export function wrapFunction<This, A extends unknown[], R>(
  executor: Host,
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
