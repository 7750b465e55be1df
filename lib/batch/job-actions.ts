import { showValue } from '../base/checks.ts';
import { parseDisk, parseMemory, showDisk, showMemory } from '../base/memory.ts';
import type { JobAction, JobEdit } from './batch-system.ts';

/**
 * Creates the action of `future.setMemory()`.
 * @throws {TypeError} if `amount` is no positive amount of memory
 */
export function memoryEdit(amount: number | string): JobEdit {
  const bytes = checkAmount('setMemory', 'MiB', amount, parseMemory(amount));
  return { kind: 'edit', attribute: 'RequestMemory', value: showMemory(bytes) };
}

/**
 * Creates the action of `future.setDisk()`.
 * @throws {TypeError} if `amount` is no positive amount of disk space
 */
export function diskEdit(amount: number | string): JobEdit {
  const bytes = checkAmount('setDisk', 'KiB', amount, parseDisk(amount));
  return { kind: 'edit', attribute: 'RequestDisk', value: showDisk(bytes) };
}

/** Name of the method of futures and maps that asks for an action. */
export function methodOf(action: JobAction): string {
  if (action.kind !== 'edit') return action.kind;
  return action.attribute === 'RequestMemory' ? 'setMemory' : 'setDisk';
}

function checkAmount(method: string, unit: string, amount: unknown, bytes: number | undefined): number {
  if (bytes !== undefined && bytes > 0 && Number.isFinite(bytes)) return bytes;
  throw new TypeError(
    `Expected the amount of ${method}() to be a number of ${unit}, more than 0, or text such as '2GB', got ${showValue(amount)}`,
  );
}
