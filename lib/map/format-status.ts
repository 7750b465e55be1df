import { checkChoice } from '../options.ts';
import { COMPONENT_STATUSES, type ComponentStatus } from './component.ts';
import { showBytes, showSeconds } from './human-units.ts';
import type { StatusCounts } from './count-statuses.ts';
import type { MapStatus } from './map-status.ts';
import { textTable } from './text-table.ts';

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

/** In which order people want to know of them. */
const SHOWN: readonly ComponentStatus[] = [
  'completed',
  'running',
  'transferring',
  'suspended',
  'idle',
  'unmaterialized',
  'held',
  'errored',
  'removed',
];

/** In a line, such as `3 completed, 1 running`; statuses that none has are left out. */
export function showCounts(counts: StatusCounts): string {
  return SHOWN.filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
    .join(', ');
}

function tableOf(maps: readonly MapStatus[]): string {
  const occurring = SHOWN.filter((status) => maps.some(({ counts }) => counts[status] > 0));
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
