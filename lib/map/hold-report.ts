import type { ComponentHold } from './component.ts';
import { textTable } from './text-table.ts';

/** Why components are held, as a table for people. */
export function holdReport(tag: string, holds: ReadonlyMap<number, ComponentHold>): string {
  if (holds.size === 0) return `${tag}: no component is held`;
  const columns = [{ name: 'component', numbers: true }, { name: 'code' }, { name: 'reason' }];
  const rows = [...holds].map(([component, { code, subCode, reason }]) => [
    String(component),
    [code, subCode].filter((part) => part !== undefined && part !== 0).join('.'),
    reason,
  ]);
  return textTable(columns, rows);
}
