import { showValue } from '../base/checks.ts';
import { parseDisk, parseMemory, showDisk, showMemory } from '../base/memory.ts';
import type { JobAction, JobEdit } from './batch-system.ts';

/** What a job is to ask for, with the method of a future that says so. @throws {TypeError} for what is no amount */
export function memoryEdit(amount: number | string): JobEdit {
  const bytes = checkAmount('setMemory', 'MiB', amount, parseMemory(amount));
  return { kind: 'edit', attribute: 'RequestMemory', value: showMemory(bytes) };
}

/** As {@link memoryEdit}. */
export function diskEdit(amount: number | string): JobEdit {
  const bytes = checkAmount('setDisk', 'KiB', amount, parseDisk(amount));
  return { kind: 'edit', attribute: 'RequestDisk', value: showDisk(bytes) };
}

/** The method of a future, or of a map, that asks for an action. */
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
