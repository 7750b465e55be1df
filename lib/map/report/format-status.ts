import { checkChoice } from '../../base/checks.ts';
import { COMPONENT_STATUSES, type ComponentHold, STATUSES_AS_SHOWN } from '../read/component.ts';
import type { MapStatus } from './map-status.ts';

export type StatusFormat = 'table' | 'json' | 'csv';

/**
 * Maps in numbers, as text: a table for people, or JSON or CSV (RFC 4180) for programs, in bytes and seconds. Maps are in the order of their tags; in the
 * table, transient ones come last, and are marked with a `*`.
 */
export function formatStatus(maps: readonly MapStatus[], format: StatusFormat = 'table'): string {
  checkChoice('format', format, ['table', 'json', 'csv']);
  const sorted = maps.toSorted((a, b) => (a.tag < b.tag ? -1 : Number(a.tag > b.tag)));
  if (format === 'json') return JSON.stringify(sorted, undefined, 2);
  return format === 'csv' ? csvOf(sorted) : tableOf(sorted);
}

function tableOf(maps: readonly MapStatus[]): string {
  const occurring = STATUSES_AS_SHOWN.filter((status) => maps.some(({ counts }) => counts[status] > 0));
  const names = [...occurring, 'data', 'max memory', 'max time', 'total time', 'CPU time'];
  const columns = [{ name: 'tag' }, ...names.map((name) => ({ name, numbers: true }))];
  const ordered = [
    ...maps.filter(({ transient }) => !transient),
    ...maps.filter(({ transient }) => transient),
  ];
  const rows = ordered.map((map) => [
    map.transient ? `* ${map.tag}` : map.tag,
    ...occurring.map((status) => String(map.counts[status])),
    showBytes(map.localDataBytes),
    map.maxMemoryBytes === 0 ? '-' : showBytes(map.maxMemoryBytes),
    ...[map.maxRunSeconds, map.totalRunSeconds, map.cpuSeconds].map((seconds) => showSeconds(seconds)),
  ]);
  return textTable(columns, rows);
}

const CSV_COLUMNS: readonly (readonly [name: string, of: (map: MapStatus) => string | number | boolean])[] = [
  ['tag', ({ tag }) => tag],
  ['transient', ({ transient }) => transient],
  ['components', ({ components }) => components],
  ...COMPONENT_STATUSES.map((status) => [status, ({ counts }: MapStatus): number => counts[status]] as const),
  ['local_data_bytes', ({ localDataBytes }) => localDataBytes],
  ['max_memory_bytes', ({ maxMemoryBytes }) => maxMemoryBytes],
  ['max_run_seconds', ({ maxRunSeconds }) => maxRunSeconds],
  ['total_run_seconds', ({ totalRunSeconds }) => totalRunSeconds],
  ['cpu_seconds', ({ cpuSeconds }) => cpuSeconds],
  ['made', ({ made }) => made.toISOString()],
];

function csvOf(maps: readonly MapStatus[]): string {
  const rows = [
    CSV_COLUMNS.map(([name]) => name),
    ...maps.map((map) => CSV_COLUMNS.map(([, of]) => String(of(map)))),
  ];
  return rows.map((row) => `${row.map((field) => csvField(field)).join(',')}\r\n`).join('');
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A column of a table: its name, and whether what is in it are numbers, which are aligned at their ends. */
export interface Column {
  readonly name: string;
  readonly numbers?: boolean | undefined;
}

/** Rows under their names, with columns as wide as need be; a line break in a cell becomes a space. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ name }) => name), ...rows].map((row) =>
    row.map((cell) => cell.replaceAll(/\s*[\r\n]+\s*/g, ' ')),
  );
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => lengthOf(row[at] as string))));
  const lines = cells.map((row) =>
    row.map((cell, at) => pad(cell, widths[at] as number, columns[at]?.numbers === true)).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

function pad(cell: string, width: number, atEnd: boolean): string {
  const space = ' '.repeat(width - lengthOf(cell));
  return atEnd ? space + cell : cell + space;
}

/** In characters, rather than in the units of a string. */
function lengthOf(cell: string): number {
  return Array.from(cell).length;
}

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

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A size for people, such as `1.5 MiB`. */
export function showBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would be rounded to 1024 belongs to the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] as string}`;
}

/** A time for people: `4.2 s`, `3:04` (minutes and seconds), `2:03:04` (hours), `5d 02:03:04`. */
export function showSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${days}d ${two(hours)}:${two(minutes)}:${two(rest)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
