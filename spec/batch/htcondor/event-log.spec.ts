import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseEventLog } from '../../../lib/batch/htcondor/event-log.ts';

const recordings = new URL('../../fixtures/htcondor/event-log/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, recordings));

const MIB = 1024 * 1024;

/** The kinds of event in the order of the log but for measurements, and the last event but for its job. */
function summaryOf(name: string): { kinds: string[]; last: Record<string, unknown> } {
  const { events } = parseEventLog(read(name));
  const { jobId: _, ...last } = events.at(-1) as { jobId: string };
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'measured');
  return { kinds, last };
}

describe('a recorded event log', () => {
  it.each([
    ['exit-0.log', ['queued', 'running', 'ended'], { exitCode: 0 }],
    ['exit-3.log', ['queued', 'running', 'ended'], { exitCode: 3 }],
    ['killed-by-signal.log', ['queued', 'running', 'ended'], { signal: 9 }],
    [
      'removed.log',
      ['queued', 'running', 'evicted', 'removed'],
      { reason: 'via condor_rm (by user condor-user)' },
    ],
    ['removed-while-idle.log', ['queued', 'removed'], { reason: expect.stringContaining('condor_rm') }],
    [
      'periodic-remove.log',
      ['queued', 'running', 'removed'],
      { reason: expect.stringContaining('PeriodicRemove expression') },
    ],
    ['evicted.log', ['queued', 'running', 'evicted', 'running', 'ended'], { exitCode: 0 }],
    ['starter-killed.log', expect.arrayContaining(['running', 'queued']), expect.anything()],
    ['schedd-killed.log', ['queued', 'running', 'running', 'ended'], { exitCode: 0 }],
    ['shadow-exception.log', ['queued', 'running', 'queued', 'running'], { host: 'localhost' }],
    ['submit-event-notes.log', ['queued', 'running', 'ended'], { exitCode: 0 }],
    [
      'suspended.log',
      ['queued', 'running', 'suspended', 'continued', 'ended'],
      { exitCode: 0, remoteCpuMs: 0 },
    ],
    [
      'file-transfer.log',
      ['queued', 'transferring', 'running', 'transferring', 'transferring', 'ended'],
      { exitCode: 0 },
    ],
  ])('tells what happened: %s', (name, kinds, last) => {
    const summary = summaryOf(name);
    expect(summary.kinds).toEqual(kinds);
    expect(summary.last).toMatchObject(last);
  });

  it.each([
    ['held-executable.log', 6, 2, /Failed to execute '\/nonesuch\/prog'/],
    ['periodic-hold.log', 3, 42, /^too slow$/],
    ['allowed-job-duration.log', 46, 0, /exceeded allowed job duration/],
  ])('tells why a job was held, with both codes: %s', (name, code, subCode, reason) => {
    const held = parseEventLog(read(name)).events.find(({ kind }) => kind === 'held');
    expect(held).toMatchObject({ code, subCode, reason: expect.stringMatching(reason) });
  });

  it('tells a release after a hold', () => {
    expect(summaryOf('hold-and-release.log').kinds.join(' ')).toMatch(/held queued running/);
  });

  it('tells the machine', () => {
    expect(parseEventLog(read('exit-0.log')).events[1]).toMatchObject({ kind: 'running', host: 'localhost' });
  });

  it('tells of the files of a job, and of its suspension, between which it is on its machine', () => {
    const { events } = parseEventLog(read('transfer-and-suspension.log'));
    const told = events
      .filter(({ jobId, kind }) => jobId === '1.0' && kind !== 'measured')
      .map((event) =>
        event.kind === 'transferring' ? `${event.direction} ${event.phase}` : (event.kind as string),
      );
    expect(told).toEqual([
      'queued',
      'input started',
      'input finished',
      'running',
      'suspended',
      'continued',
      'output started',
      'output finished',
      'ended',
    ]);
  });

  it('tells of files that wait to travel, and leaves out what else may travel', () => {
    const log = [
      'Entered queue to transfer input files',
      'Started transferring common files',
      'Something new',
    ]
      .map((words) => `040 (7.0.000) 2026-11-21 01:50:45 ${words}\n...\n`)
      .join('');
    expect(parseEventLog(Buffer.from(log)).events).toMatchObject([
      { kind: 'transferring', direction: 'input', phase: 'queued' },
    ]);
  });

  it('tells the processor time of the last run', () => {
    const log = `005 (7.0.000) 2026-11-21 01:50:45 Job terminated.
\t(1) Normal termination (return value 0)
\t\tUsr 1 02:03:04, Sys 0 00:00:05  -  Run Remote Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Run Local Usage
\t\tUsr 9 02:03:04, Sys 0 00:00:05  -  Total Remote Usage
...
`;
    const remoteCpuMs = 1000 * (86_400 + 2 * 3600 + 3 * 60 + 4 + 5);
    expect(parseEventLog(Buffer.from(log)).events).toMatchObject([{ kind: 'ended', remoteCpuMs }]);
  });

  it('tells when each event was', () => {
    const { events } = parseEventLog(read('suspended.log'));
    expect(events.map(({ kind, at }) => [kind, at])).toEqual([
      ['queued', new Date(2026, 10, 21, 1, 50, 38)],
      ['running', new Date(2026, 10, 21, 1, 50, 39)],
      ['suspended', new Date(2026, 10, 21, 1, 50, 41)],
      ['measured', new Date(2026, 10, 21, 1, 50, 41)],
      ['continued', new Date(2026, 10, 21, 1, 50, 44)],
      ['ended', new Date(2026, 10, 21, 1, 50, 44)],
    ]);
  });

  it('tells the memory that a job used, and had asked for', () => {
    const { events } = parseEventLog(read('evicted.log'));
    expect(events.find(({ kind }) => kind === 'evicted')).toMatchObject({
      memoryUsed: 0,
      memoryRequested: 64 * MIB,
    });
    expect(events.findLast(({ kind }) => kind === 'measured')).toMatchObject({ memoryUsed: 2 * MIB });
    expect(events.at(-1)).toMatchObject({ memoryRequested: 64 * MIB });
  });

  it('tells a removal by a policy from one by hand', () => {
    expect(parseEventLog(read('periodic-remove.log')).events.at(-1)).toMatchObject({ byPolicy: true });
    expect(parseEventLog(read('removed.log')).events.at(-1)).toMatchObject({ byPolicy: false });
  });

  it('keeps interleaved jobs apart', () => {
    const { events } = parseEventLog(read('interleaved.log'));
    const ended = events.filter(({ kind }) => kind === 'ended').map(({ jobId }) => jobId);
    expect(new Set(ended).size).toBe(ended.length);
    expect(ended.length).toBeGreaterThan(1);
    expect(ended.every((id) => /^[1-9]\d*\.\d+$/.test(id))).toBe(true);
  });

  it.each(readdirSync(recordings))('is read to its end: %s', (name) => {
    expect(parseEventLog(read(name)).consumed).toBe(read(name).length);
  });
});

describe('an event log that is being written', () => {
  const whole = read('exit-3.log');

  it('gives the same events wherever it is cut', () => {
    const expected = parseEventLog(whole).events;
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const first = parseEventLog(whole.subarray(0, cut));
      const second = parseEventLog(whole.subarray(first.consumed));
      expect([...first.events, ...second.events]).toEqual(expected);
    }
  });

  it('may have the line ends of Windows', () => {
    const windows = Buffer.from(whole.toString().replaceAll('\n', '\r\n'));
    expect(parseEventLog(windows)).toEqual({ events: parseEventLog(whole).events, consumed: windows.length });
  });

  it('may have non-ASCII reasons, and dots of its own in them', () => {
    const log =
      '012 (7.3.0) 2026-11-21 01:50:45 Job was held.\n\tzu groß… ... 模型\n\tCode 3 Subcode 42\n...\n';
    expect(parseEventLog(Buffer.from(log)).events).toEqual([
      {
        jobId: '7.3',
        kind: 'held',
        reason: 'zu groß… ... 模型',
        code: 3,
        subCode: 42,
        at: new Date(2026, 10, 21, 1, 50, 45),
      },
    ]);
  });

  it('may tell of a host in the form of older versions', () => {
    const log =
      '001 (7.3.000) 07/14 12:00:01 Job executing on host: <10.0.0.7:9618?addrs=x&alias=node7.example.org&noUDP>\n...\n';
    expect(parseEventLog(Buffer.from(log)).events).toEqual([
      { jobId: '7.3', kind: 'running', host: 'node7.example.org', at: expect.any(Date) },
    ]);
  });

  it('may go on behind an event that was torn for good', () => {
    const text = whole.toString();
    const last = text.lastIndexOf('005 (');
    for (const torn of [
      '001 (7.',
      '001 (7.0.000) 2026-11-21 01:50:45 Job exec',
      '012 (7.0.000) 2026-11-21 01:50:45 Job was held.\n',
    ]) {
      expect(parseEventLog(Buffer.from(text.slice(0, last) + torn + text.slice(last)))).toMatchObject({
        events: parseEventLog(whole).events,
      });
    }
  });

  it('skips what is no event', () => {
    expect(parseEventLog(Buffer.from('garbage\n...\n\0\0\0\n...\n')).events).toEqual([]);
    expect(parseEventLog(Buffer.from('garbage'))).toEqual({ events: [], consumed: 0 });
  });
});
