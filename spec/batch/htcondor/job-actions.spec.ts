import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseEventLog } from '../../../lib/batch/htcondor/event-log.ts';
import { commandFor, parseRefusals, trimAnalysis } from '../../../lib/batch/htcondor/actions.ts';
import { parseQueueListing } from '../../../lib/batch/htcondor/queue.ts';

const fixtures = new URL('../../fixtures/htcondor/', import.meta.url);

function recorded(name: string): { stdout: string; stderr: string } {
  return JSON.parse(readFileSync(new URL(`cli/${name}.json`, fixtures), 'utf8')) as {
    stdout: string;
    stderr: string;
  };
}

const refusalsOf = (stderr: string): object | undefined => {
  const refusals = parseRefusals(stderr);
  return refusals && Object.fromEntries(refusals);
};

describe('The command of an action', () => {
  it.each([
    ['release', 'condor_release'],
    ['vacate', 'condor_vacate_job'],
    ['suspend', 'condor_suspend'],
    ['continue', 'condor_continue'],
  ] as const)('%s is %s', (kind, command) => expect(commandFor({ kind })).toEqual({ command, args: [] }));

  it.each([
    [undefined, []],
    ['', []],
    ['  ', []],
    ['later, please', ['-reason', 'later, please']],
    ['a "word"', ['-reason', String.raw`a \"word\"`]],
    [String.raw`C:\temp` + '\\', ['-reason', String.raw`C:\\temp` + '\\\\']],
    ['two\nlines\tand more ', ['-reason', 'two lines and more']],
  ])('hold says that a future asks for it, and why: %p', (reason, args) => {
    expect(commandFor({ kind: 'hold', reason })).toEqual({
      command: 'condor_hold',
      args: ['-subcode', '6770', ...args],
    });
  });
});

describe('What the tools say of jobs', () => {
  it.each([
    ['suspend-idle', { '2.0': 'Job 2.0 not running to be suspended' }],
    ['suspend-some-idle', { '2.0': 'Job 2.0 not running to be suspended' }],
    ['rm-some-gone', { '4711.0': 'Job 4711.0 not found' }],
  ])('is why they were refused: %s', (name, refusals) => {
    expect(refusalsOf(recorded(name).stderr)).toEqual(refusals);
  });

  it.each([
    ['hold-held-and-gone', { '4711.0': 'Job 4711.0 not found' }],
    ['release-some-refused', { '4711.0': 'Job 4711.0 not found' }],
  ])('is no refusal where they are in the wanted state already: %s', (name, refusals) => {
    expect(refusalsOf(recorded(name).stderr)).toEqual(refusals);
  });

  it('may be that they are of another user', () => {
    const text = 'Permission denied to hold job 12.3';
    expect(refusalsOf(`${text}\n`)).toEqual({ '12.3': text });
  });

  it.each([
    '',
    "condor_hold: Can't find address for schedd localhost\n",
    recorded('rm-procs-schedd-stopped').stderr,
  ])('is no answer if it tells nothing of any: %p', (stderr) => expect(refusalsOf(stderr)).toBeUndefined());
});

describe('An analysis', () => {
  it('is what condor_q says, without its heading', () => {
    const analysis = trimAnalysis(recorded('q-better-analyze').stdout);
    expect(analysis).toMatch(/^The Requirements expression for job 2\.000 is\n/);
    expect(analysis).toContain('[0]           0  TARGET.Foo is 3');
    expect(analysis).toMatch(/No machines matched the jobs's constraints$/);
  });

  it('is empty if the job is not in the queue', () => {
    expect(trimAnalysis(recorded('q-better-analyze-gone').stdout)).toBe('');
  });
});

describe('A hold that a future asked for is known', () => {
  const held = {
    kind: 'held',
    jobId: '1.0',
    requested: true,
    reason: String.raw`a "word", a \\ (by user condor-user)`,
  };

  it('in the event log, where the job then goes on', () => {
    const { events } = parseEventLog(readFileSync(new URL('event-log/held-on-request.log', fixtures)));
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'measured');
    expect(kinds.join(' ')).toBe('queued running suspended continued evicted held queued running ended');
    expect(events.find(({ kind }) => kind === 'held')).toMatchObject(held);
  });

  it('in the queue', () => {
    const events = parseQueueListing(recorded('q-held-on-request').stdout);
    expect(events.get('1.0')).toMatchObject(held);
  });

  it('from one by hand', () => {
    const { events } = parseEventLog(readFileSync(new URL('event-log/hold-and-release.log', fixtures)));
    const byHand = events.filter((event) => event.kind === 'held');
    expect(byHand.map(({ requested }) => requested)).toEqual([undefined]);
  });
});
