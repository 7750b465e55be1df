import { showValue } from '../options.ts';
import type { ComponentStatus } from './component.ts';

/** Which components: their indices, in any order; or those for which a function says so. */
export type ComponentChoice =
  Iterable<number> | ((component: number, status: ComponentStatus) => boolean | Promise<boolean>);

/**
 * The indices of a choice, each once, in order.
 * @throws {RangeError} for one that the map does not have
 */
export async function chooseComponents(
  choice: ComponentChoice | undefined,
  statuses: readonly ComponentStatus[],
): Promise<number[]> {
  if (choice === undefined) return statuses.map((_, index) => index);
  if (typeof choice !== 'function') {
    if (typeof (choice as Partial<Iterable<number>> | null)?.[Symbol.iterator] !== 'function')
      throw new TypeError(
        `Expected \`components\` to be indices, such as [0, 3], or a function of them, got ${showValue(choice)}`,
      );
    return [...new Set(choice)]
      .map((index) => checkComponent(index, statuses.length))
      .toSorted((a, b) => a - b);
  }
  const chosen: number[] = [];
  for (const [index, status] of statuses.entries()) if (await choice(index, status)) chosen.push(index);
  return chosen;
}

/** @throws {RangeError} */
export function checkComponent(index: number, length: number): number {
  if (Number.isInteger(index) && index >= 0 && index < length) return index;
  throw new RangeError(`Expected a component from 0 to ${length - 1}, got ${showValue(index)}`);
}
