import { checkChoice } from '../../base/checks.ts';
import { COMPONENT_STATUSES, type ComponentHold, STATUSES_AS_SHOWN } from '../read/component.ts';
import type { MapStatus } from './map-status.ts';

export type StatusFormat = 'table' | 'json' | 'csv';

/**
 * Formats the statistics of maps, sorted by tag: as a table, in which transient maps come last, marked with a
 * `*`; or as JSON or CSV (RFC 4180), in bytes and seconds.
 */
export function formatStatus(maps: readonly MapStatus[], format: StatusFormat = 'table'): string {
  checkChoice('format', format, ['table', 'json', 'csv']);
  const sorted = maps.toSorted((a, b) => (a.tag < b.tag ? -1 : Number(a.tag > b.tag)));
  if (format === 'json') return JSON.stringify(sorted, undefined, 2);
  return format === 'csv' ? formatCsv(sorted) : formatTable(sorted);
}

function formatTable(maps: readonly MapStatus[]): string {
  const occurring = STATUSES_AS_SHOWN.filter((status) => maps.some(({ counts }) => counts[status] > 0));
  const names = [...occurring, 'data', 'max memory', 'max time', 'total time', 'CPU time'];
  const columns = [{ name: 'tag' }, ...names.map((name) => ({ name, isNumeric: true }))];
  const ordered = [
    ...maps.filter(({ transient }) => !transient),
    ...maps.filter(({ transient }) => transient),
  ];
  const rows = ordered.map((map) => [
    map.transient ? `* ${map.tag}` : map.tag,
    ...occurring.map((status) => String(map.counts[status])),
    formatBytes(map.localDataBytes),
    map.maxMemoryBytes === 0 ? '-' : formatBytes(map.maxMemoryBytes),
    ...[map.maxRunSeconds, map.totalRunSeconds, map.cpuSeconds].map((seconds) => formatSeconds(seconds)),
  ]);
  return formatTextTable(columns, rows);
}

const CSV_COLUMNS: readonly (readonly [
  name: string,
  value: (map: MapStatus) => string | number | boolean,
])[] = [
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

function formatCsv(maps: readonly MapStatus[]): string {
  const rows = [
    CSV_COLUMNS.map(([name]) => name),
    ...maps.map((map) => CSV_COLUMNS.map(([, value]) => String(value(map)))),
  ];
  return rows.map((row) => `${row.map((field) => escapeCsv(field)).join(',')}\r\n`).join('');
}

function escapeCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A column of a table; numbers are aligned to the right. */
interface Column {
  readonly name: string;
  readonly isNumeric?: boolean | undefined;
}

/** Formats rows below their column names; a line break in a cell becomes a space. */
export function formatTextTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ name }) => name), ...rows].map((row) =>
    row.map((cell) => cell.replaceAll(/\s*[\r\n]+\s*/g, ' ')),
  );
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => lengthOf(row[at] as string))));
  const lines = cells.map((row) =>
    row.map((cell, at) => pad(cell, widths[at] as number, columns[at]?.isNumeric === true)).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

function pad(cell: string, width: number, isRight: boolean): string {
  const space = ' '.repeat(width - lengthOf(cell));
  return isRight ? space + cell : cell + space;
}

/** Length in characters rather than in UTF-16 code units. */
function lengthOf(cell: string): number {
  return Array.from(cell).length;
}

/** A table of held components with the reason of each hold. */
export function holdReport(tag: string, holds: ReadonlyMap<number, ComponentHold>): string {
  if (holds.size === 0) return `${tag}: no component is held`;
  const columns = [{ name: 'component', isNumeric: true }, { name: 'code' }, { name: 'reason' }];
  const rows = [...holds].map(([component, { code, subCode, reason }]) => [
    String(component),
    [code, subCode].filter((part) => part !== undefined && part !== 0).join('.'),
    reason,
  ]);
  return formatTextTable(columns, rows);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Formats a size, such as `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // A value that would be rounded to 1024.0 is shown in the next unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit] as string}`;
}

/** Formats a duration: `4.2 s`, `3:04` (minutes and seconds), `2:03:04` (hours), `5d 02:03:04`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [days, hours] = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24];
  const [minutes, rest] = [Math.floor(whole / 60) % 60, whole % 60];
  if (days > 0) return `${days}d ${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(rest)}`;
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(rest)}` : `${minutes}:${twoDigits(rest)}`;
}

function twoDigits(part: number): string {
  return String(part).padStart(2, '0');
}
