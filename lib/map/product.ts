import { showValue } from '../options.ts';
import { EmptyMapError } from './map-errors.ts';

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
