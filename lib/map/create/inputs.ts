import { showValue } from '../../base/checks.ts';
import { PayloadError } from '../../base/errors.ts';
import { EmptyMapError } from '../../base/map-errors.ts';
import { type JobSet, readInput } from '../../job-set/job-set.ts';
import { parseResultName, resultFile } from '../../job-set/names.ts';
import { asyncFileCalls, readTrusted } from '../../job-set/trusted-files.ts';
import { decodeCall, decodeOutcome } from '../../payload/call.ts';
import { deserialize, type DeserializeOptions, deserializeWith } from '../../payload/deserialize.ts';
import type { Component } from '../read/component.ts';

/** What a map is made of. */
export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/** @throws {TypeError} for what are no inputs */
export function checkInputs(inputs: unknown): void {
  const given = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof inputs === 'object' && (given?.[Symbol.iterator] ?? given?.[Symbol.asyncIterator]) !== undefined)
    return;
  throw new TypeError(
    `Expected \`inputs\` to be an array, or another iterable or async iterable, got ${showValue(inputs)}`,
  );
}

/** The input as a list of arguments. @throws {TypeError} */
export function argumentsOf(input: unknown, component: number): readonly unknown[] {
  if (Array.isArray(input)) return input;
  throw new TypeError(`Expected input ${component} to be an array of arguments, got ${showValue(input)}`);
}

/** So many are encoded and written at once: inputs without end of memory are no trouble. */
const BATCH = 1000;

/**
 * The inputs, so many at a time.
 * @param signal ends it with its reason, also while the next input is waited for
 */
export async function* batchesOf<T>(
  inputs: Inputs<T>,
  size: number = BATCH,
  signal?: AbortSignal,
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  const isAsync = Symbol.asyncIterator in inputs;
  const iterator = isAsync ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      // Inputs that are promises, as futures are, are not waited for.
      const next = iterator.next();
      const { value, done } = isAsync ? await orAborted(next, signal) : (next as IteratorResult<T>);
      if (done === true) break;
      batch.push(value);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
    ended = true;
    if (batch.length > 0) yield batch;
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await iterator.return?.();
    // It may be waiting for what never comes.
    else if (signal?.aborted === true) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

async function orAborted<T>(next: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return next;
  signal.throwIfAborted();
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), {
      once: true,
      signal: over.signal,
    });
  });
  try {
    return await Promise.race([next, aborted]);
  } finally {
    over.abort();
  }
}

/**
 * The arguments of a component's call, as its job gets them.
 * @throws {PayloadError} {@link OwnershipError}
 */
export async function readInputs({ directory }: JobSet, { call }: Component): Promise<readonly unknown[]> {
  const { items, options } = decodeCall(await readInput(directory, call.job));
  const [item] = items;
  if (item === undefined || 'thrown' in item)
    throw new PayloadError(`The input ${call.job.key} holds no call`);
  if ('primitives' in item) return item.primitives;
  const decode = async (bytes: Uint8Array): Promise<unknown> =>
    deserializeWith(bytes, options, async (name) => readGiven(directory, name, options));
  if ('arguments' in item) return (await decode(item.arguments)) as unknown[];
  const [, args] = (await decode(item.call)) as [unknown, unknown[]];
  return args;
}

/** What stands in the place of a future. */
async function readGiven(directory: string, name: string, options: DeserializeOptions): Promise<unknown> {
  const { call, item } = parseResultName(name);
  const bytes = await readTrusted(asyncFileCalls, resultFile(directory, call));
  const found = bytes && decodeOutcome(bytes)?.items[item];
  if (found !== undefined && 'primitive' in found) return found.primitive;
  if (found !== undefined && 'value' in found) return deserialize(found.value, options);
  throw new PayloadError(`The result ${name}, which the input is made of, is not in ${directory}`);
}

/** An iterable for each parameter. */
export type Axes<A extends readonly unknown[]> = { readonly [K in keyof A]: Iterable<A[K]> };

/**
 * The values of each axis, each iterated over once.
 * @throws {TypeError} for what is no axis; {@link EmptyMapError} for one without values
 */
export function valuesOfAxes(axes: readonly unknown[]): unknown[][] {
  if (!Array.isArray(axes))
    throw new TypeError(
      `Expected \`axes\` to be an array with an iterable for each parameter, got ${showValue(axes)}`,
    );
  return axes.map((axis: unknown, index) => {
    if (
      typeof axis !== 'object' ||
      typeof (axis as Iterable<unknown> | null)?.[Symbol.iterator] !== 'function'
    )
      throw new TypeError(
        `Expected axis ${index} to be an array, or another iterable, got ${showValue(axis)}`,
      );
    const values = [...(axis as Iterable<unknown>)];
    if (values.length === 0) throw new EmptyMapError(`Axis ${index} has no values, so there is no call`);
    return values;
  });
}

/** Every choice of one value from each axis; the last axis varies fastest, as in nested loops. */
export function* cartesianProduct(axes: readonly (readonly unknown[])[]): Generator<unknown[]> {
  const lengths = axes.map(({ length }) => length);
  const count = lengths.reduce((product, length) => product * length, 1);
  for (let index = 0; index < count; index += 1)
    yield coordinatesIn(lengths, index).map((at, axis) => axes[axis]?.[at]);
}

/**
 * The index of the call whose arguments stand at these places of their axes.
 * @throws {RangeError}
 */
export function indexIn(lengths: readonly number[], coordinates: readonly number[]): number {
  const fits = (at: unknown, axis: number): boolean =>
    Number.isInteger(at) && (at as number) >= 0 && (at as number) < (lengths[axis] as number);
  if (
    !Array.isArray(coordinates) ||
    coordinates.length !== lengths.length ||
    !coordinates.every((at, axis) => fits(at, axis))
  ) {
    throw new RangeError(
      `Expected ${lengths.length} coordinates, each below its one of [${lengths.join(', ')}], got ${JSON.stringify(coordinates)}`,
    );
  }
  return lengths.reduce((index, length, axis) => index * length + (coordinates[axis] as number), 0);
}

/** At which places of their axes the arguments of a call stand: the inverse of {@link indexIn}. */
export function coordinatesIn(lengths: readonly number[], index: number): number[] {
  const coordinates: number[] = Array.from({ length: lengths.length });
  let left = index;
  for (let axis = lengths.length - 1; axis >= 0; axis -= 1) {
    const length = lengths[axis] as number;
    coordinates[axis] = left % length;
    left = Math.floor(left / length);
  }
  return coordinates;
}
