import type { ComponentStatus } from '../../../lib/base/map-errors.ts';
import { describe, expect, it } from '@jest/globals';
import { formatStatus, type StatusFormat } from '../../../lib/map/report/format-status.ts';
import { holdReport } from '../../../lib/map/report/format-status.ts';
import { formatBytes, formatSeconds } from '../../../lib/map/report/format-status.ts';
import { countStatuses } from '../../../lib/map/read/component.ts';
import type { MapStatus } from '../../../lib/map/report/map-status.ts';
import { formatTextTable } from '../../../lib/map/report/format-status.ts';

function status(tag: string, statuses: ComponentStatus[], more: Partial<MapStatus> = {}): MapStatus {
  return {
    tag,
    transient: false,
    components: statuses.length,
    counts: countStatuses(statuses),
    localDataBytes: 2048,
    maxMemoryBytes: 0,
    maxRunSeconds: 1.5,
    totalRunSeconds: 4000,
    cpuSeconds: 3.25,
    made: new Date('2026-01-02T03:04:05Z'),
    ...more,
  };
}

const MAPS = [
  status('calm-green-heron', ['idle'], { transient: true }),
  status('scan', ['completed', 'completed', 'suspended'], { maxMemoryBytes: 3 * 1024 ** 3 }),
  status('fit,"x"', ['errored']),
];

describe('formatStatus()', () => {
  it('makes a table for people: the statuses that occur, transient maps last', () => {
    expect(formatStatus(MAPS).split('\n')).toEqual([
      'tag                 completed  suspended  idle  errored     data  max memory  max time  total time  CPU time',
      'fit,"x"                     0          0     0        1  2.0 KiB           -     1.5 s     1:06:40     3.3 s',
      'scan                        2          1     0        0  2.0 KiB     3.0 GiB     1.5 s     1:06:40     3.3 s',
      '* calm-green-heron          0          0     1        0  2.0 KiB           -     1.5 s     1:06:40     3.3 s',
    ]);
  });

  it('makes JSON with all statuses, in bytes and seconds', () => {
    const [first, second] = JSON.parse(formatStatus(MAPS, 'json')) as Record<string, unknown>[];
    expect(first).toMatchObject({
      tag: 'calm-green-heron',
      transient: true,
      made: '2026-01-02T03:04:05.000Z',
    });
    expect(second).toMatchObject({ tag: 'fit,"x"', localDataBytes: 2048, totalRunSeconds: 4000 });
    expect(Object.keys((second as { counts: object }).counts)).toHaveLength(9);
  });

  it('makes CSV by RFC 4180', () => {
    const lines = formatStatus(MAPS, 'csv').split('\r\n');
    expect(lines[0]).toBe(
      'tag,transient,components,unmaterialized,idle,running,transferring,held,suspended,removed,completed,errored,' +
        'local_data_bytes,max_memory_bytes,max_run_seconds,total_run_seconds,cpu_seconds,made',
    );
    expect(lines[2]).toBe(
      '"fit,""x""",false,1,0,0,0,0,0,0,0,0,1,2048,0,1.5,4000,3.25,2026-01-02T03:04:05.000Z',
    );
    expect(lines.at(-1)).toBe('');
    expect(lines).toHaveLength(5);
  });

  it.each<[StatusFormat, string]>([
    ['table', 'tag  data  max memory  max time  total time  CPU time'],
    ['json', '[]'],
    ['csv', `${formatStatus(MAPS, 'csv').split('\r\n')[0]}\r\n`],
  ])('has no more than its head for no maps: %s', (format, text) => {
    expect(formatStatus([], format)).toBe(text);
  });

  it('refuses another format', () => {
    expect(() => formatStatus([], 'xml' as never)).toThrow('Expected `format` to be one of table, json, csv');
  });
});

describe('Units for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
  ])('show %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0, '0.0 s'],
    [59.96, '1:00'],
    [61, '1:01'],
    [3599.7, '1:00:00'],
    [90_061, '1d 01:01:01'],
  ])('show %d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});

describe('holdReport()', () => {
  it('is a table of components, codes and reasons', () => {
    const holds = new Map([
      [3, { code: 34, subCode: 102, reason: 'Used too much\n memory' }],
      [12, { code: 1, subCode: 0, reason: 'By the user' }],
      [13, { code: undefined, subCode: undefined, reason: 'Unknown' }],
    ]);
    expect(holdReport('scan', holds).split('\n')).toEqual([
      'component  code    reason',
      '        3  34.102  Used too much memory',
      '       12  1       By the user',
      '       13          Unknown',
    ]);
    expect(holdReport('scan', new Map())).toBe('scan: no component is held');
  });
});

describe('formatTextTable()', () => {
  it('counts characters, not their units', () => {
    expect(formatTextTable([{ name: 'a' }, { name: 'b' }], [['🐦', 'x']])).toBe('a  b\n🐦  x');
  });
});
