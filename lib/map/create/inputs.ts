import { showValue } from '../../base/checks.ts';
import { PayloadError } from '../../base/errors.ts';
import { EmptyMapError } from '../../base/map-errors.ts';
import { type JobSet, readInput } from '../../job-set/job-set.ts';
import { parseResultName, resultFile } from '../../job-set/names.ts';
import { asyncFileCalls, readTrusted } from '../../job-set/trusted-files.ts';
import { decodeCall, decodeOutcome } from '../../payload/call.ts';
import { deserialize, type DeserializeOptions, deserializeWith } from '../../payload/deserialize.ts';
import type { Component } from '../read/component.ts';

/** The inputs of a map, one for each component. */
export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/** @throws {TypeError} for a value that is not iterable */
export function checkInputs(inputs: unknown): void {
  const given = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof inputs === 'object' && (given?.[Symbol.iterator] ?? given?.[Symbol.asyncIterator]) !== undefined)
    return;
  throw new TypeError(
    `Expected \`inputs\` to be an array, or another iterable or async iterable, got ${showValue(inputs)}`,
  );
}

/** Returns the input as a list of arguments. @throws {TypeError} if it is not an array */
export function argumentsOf(input: unknown, component: number): readonly unknown[] {
  if (Array.isArray(input)) return input;
  throw new TypeError(`Expected input ${component} to be an array of arguments, got ${showValue(input)}`);
}

/** Number of inputs that are written at once; inputs from an iterator need not fit in memory together. */
export const BATCH_SIZE = 1000;

/**
 * Groups inputs into batches.
 * @param signal aborts the iteration, even while the next input is pending
 * @param take makes of each input what the batch has of it, before the next one is taken, because an iterator
 *   may use an object again
 */
export async function* batchesOf<T, U = T>(
  inputs: Inputs<T>,
  size: number = BATCH_SIZE,
  signal?: AbortSignal,
  take: (input: T, index: number) => U = (input) => input as unknown as U,
): AsyncGenerator<U[]> {
  let batch: U[] = [];
  let count = 0;
  const isAsync = Symbol.asyncIterator in inputs;
  const iterator = isAsync ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  let hasEnded = false;
  let isTaking = false;
  try {
    for (;;) {
      // Only the steps of an async iterator are awaited, not inputs that are promises, such as futures.
      const next = iterator.next();
      const { value, done } = isAsync ? await raceAbort(next, signal) : (next as IteratorResult<T>);
      if (done === true) break;
      isTaking = true;
      batch.push(take(value, count));
      isTaking = false;
      count += 1;
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
    hasEnded = true;
    if (batch.length > 0) yield batch;
  } catch (error) {
    hasEnded = !isTaking;
    throw error;
  } finally {
    if (!hasEnded) await iterator.return?.();
    // Not awaited, because the iterator may be waiting for an input that never comes.
    else if (signal?.aborted === true) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

async function raceAbort<T>(next: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return next;
  signal.throwIfAborted();
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), {
      once: true,
      signal: settled.signal,
    });
  });
  try {
    return await Promise.race([next, aborted]);
  } finally {
    settled.abort();
  }
}

/**
 * Reads the arguments of a component's call, as its job receives them.
 * @throws {PayloadError} {@link OwnershipError}
 */
export async function readInputs({ directory }: JobSet, { call }: Component): Promise<readonly unknown[]> {
  const { items, options } = decodeCall(await readInput(directory, call.job));
  const [item] = items;
  if (item === undefined || 'thrown' in item)
    throw new PayloadError(`The input ${call.job.key} holds no call`);
  if ('primitives' in item) return item.primitives;
  const decode = async (bytes: Uint8Array): Promise<unknown> =>
    deserializeWith(bytes, options, async (name) => readResult(directory, name, options));
  if ('arguments' in item) return (await decode(item.arguments)) as unknown[];
  const [, args] = (await decode(item.call)) as [unknown, unknown[]];
  return args;
}

/** Reads the result that replaces a future in the arguments. */
async function readResult(directory: string, name: string, options: DeserializeOptions): Promise<unknown> {
  const { call, item } = parseResultName(name);
  const bytes = await readTrusted(asyncFileCalls, resultFile(directory, call));
  const found = bytes && decodeOutcome(bytes)?.items[item];
  if (found !== undefined && 'primitive' in found) return found.primitive;
  if (found !== undefined && 'value' in found) return deserialize(found.value, options);
  throw new PayloadError(`The result ${name}, which the input is made of, is not in ${directory}`);
}

/** The axes of a product: an iterable of values for each parameter of the function. */
export type Axes<A extends readonly unknown[]> = { readonly [K in keyof A]: Iterable<A[K]> };

/**
 * Collects the values of each axis, iterating over each once.
 * @throws {TypeError} for an axis that is not iterable; {@link EmptyMapError} for one without values
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

/** Generates all combinations of one value from each axis; the last axis varies fastest. */
export function* cartesianProduct(axes: readonly (readonly unknown[])[]): Generator<unknown[]> {
  const lengths = axes.map(({ length }) => length);
  const count = lengths.reduce((product, length) => product * length, 1);
  for (let index = 0; index < count; index += 1)
    yield coordinatesIn(lengths, index).map((at, axis) => axes[axis]?.[at]);
}

/**
 * The index of the call whose arguments are at these positions of their axes.
 * @throws {RangeError}
 */
export function indexIn(lengths: readonly number[], coordinates: readonly number[]): number {
  const isInAxis = (at: unknown, axis: number): boolean =>
    Number.isInteger(at) && (at as number) >= 0 && (at as number) < (lengths[axis] as number);
  if (
    !Array.isArray(coordinates) ||
    coordinates.length !== lengths.length ||
    !coordinates.every((at, axis) => isInAxis(at, axis))
  ) {
    throw new RangeError(
      `Expected ${lengths.length} coordinates, each below its one of [${lengths.join(', ')}], got ${JSON.stringify(coordinates)}`,
    );
  }
  return lengths.reduce((index, length, axis) => index * length + (coordinates[axis] as number), 0);
}

/** The positions of a call's arguments in their axes: the inverse of {@link indexIn}. */
export function coordinatesIn(lengths: readonly number[], index: number): number[] {
  const coordinates: number[] = Array.from({ length: lengths.length });
  let rest = index;
  for (let axis = lengths.length - 1; axis >= 0; axis -= 1) {
    const length = lengths[axis] as number;
    coordinates[axis] = rest % length;
    rest = Math.floor(rest / length);
  }
  return coordinates;
}
