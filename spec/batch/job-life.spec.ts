import { describe, expect, it } from '@jest/globals';
import {
  hasLeftQueue,
  type JobLife,
  lifeAsEvent,
  type LifeEvent,
  mayEndUnnoticed,
  NEW_LIFE,
  nextLife,
} from '../../lib/batch/job-life.ts';

const jobId = '7.3';
const GRACE = 100;

const queued: LifeEvent = { jobId, kind: 'queued' };
const running: LifeEvent = { jobId, kind: 'running', host: 'node7' };
const evicted: LifeEvent = { jobId, kind: 'evicted' };
const suspended: LifeEvent = { jobId, kind: 'suspended' };
const continued: LifeEvent = { jobId, kind: 'continued' };
const sending: LifeEvent = { jobId, kind: 'transferring', direction: 'output', phase: 'started' };
const held: LifeEvent = { jobId, kind: 'held', reason: 'too large', code: 34 };
const heldAgain: LifeEvent = { jobId, kind: 'held', reason: 'No such file', code: 13 };
const requested: LifeEvent = { jobId, kind: 'held', reason: 'asked for', code: 1, requested: true };
const removed: LifeEvent = { jobId, kind: 'removed', reason: 'by hand' };
const ended: LifeEvent = { jobId, kind: 'ended', exitCode: 0 };
const missing: LifeEvent = { jobId, kind: 'missing' };
const [passed, settled, kept, released, readable] = (
  ['passed', 'settled', 'kept', 'released', 'readable'] as const
).map((kind) => ({ kind })) as [LifeEvent, LifeEvent, LifeEvent, LifeEvent, LifeEvent];

/** The life of a job to which these events happen, one in each millisecond from 1 on, or after a wait. */
function lifeAfter(...events: readonly (LifeEvent | number)[]): JobLife {
  let [life, now] = [NEW_LIFE, 0];
  for (const event of events) {
    now += typeof event === 'number' ? event : 1;
    if (typeof event !== 'number') life = nextLife(life, event, now, GRACE);
  }
  return life;
}

describe('The life of a job', () => {
  it.each<[what: string, events: (LifeEvent | number)[], expected: string]>([
    ['is queued at first', [], 'queued'],
    ['is queued when that is told', [queued], 'queued'],
    ['runs', [queued, running], 'running'],
    ['runs, whatever was missed before', [running], 'running'],
    ['goes on running while it is measured', [running, { jobId, kind: 'measured' }], 'running'],
    ['goes on running while its files travel', [running, sending], 'running'],
    ['waits on while its files travel', [queued, sending], 'queued'],
    ['has a machine while its processes are stopped', [queued, suspended], 'running'],
    ['is back in the queue after an eviction', [running, evicted], 'queued'],
    ['is held', [running, held], 'held (held)'],
    ['stays held for any time', [running, held, 1000, passed], 'held (held)'],
    ['stays held while the same hold is told again', [held, held], 'held (held)'],
    ['goes on after a release', [running, held, queued], 'queued'],
    ['goes on after a release that is still to come', [running, held, released], 'queued'],
    ['is leaving when it has ended', [running, ended], 'leaving (ended)'],
    ['is leaving when it was removed', [running, removed], 'leaving (removed)'],
    ['stays removed though its process has ended, too', [removed, ended], 'leaving (removed)'],
    ['was removed though its process ended first', [ended, removed], 'leaving (removed)'],
    ['is not held after its end', [ended, held], 'leaving (ended)'],
    ['can end while it is held', [held, ended], 'leaving (ended)'],
    ['runs again after an end that was not the last', [ended, queued, running], 'running'],
    ['is not lost before the grace is over', [ended, GRACE - 2, passed], 'leaving (ended)'],
    ['is lost when the grace is over', [ended, GRACE - 1, passed], 'lost (ended)'],
    ['has no new grace when its end is told again', [ended, GRACE - 2, ended, passed], 'lost (ended)'],
    [
      'has a new grace when its outcome can be read again',
      [ended, 99, readable, 50, passed],
      'leaving (ended)',
    ],
    ['runs again though it was lost', [ended, 1000, passed, running], 'running'],
    ['is leaving when it is missing twice', [running, missing, missing], 'leaving (lost)'],
    ['is not when it was seen in between', [running, missing, running, missing], 'running'],
    ['is leaving when it is missing while it is held', [held, missing, missing], 'leaving (lost)'],
    ['is held though it seemed to be lost', [missing, missing, held], 'held (held)'],
    ['is known to have ended though it seemed to be lost', [missing, missing, ended], 'leaving (ended)'],
    ['is settled', [running, settled], 'settled'],
    ['is settled for good', [settled, running, held, queued, passed], 'settled'],
    ['ends after its call', [running, settled, ended], 'settled (ended)'],
    ['is held after its call', [running, settled, held], 'settled (held)'],
    ['is lost after its call', [running, settled, missing, missing], 'settled (lost)'],
  ])('%s: %j', (_, events, expected) => {
    const { state, end } = lifeAfter(...events);
    expect(end === undefined ? state : `${state} (${end.kind})`).toBe(expected);
  });

  it('is the same object when an event changes nothing', () => {
    const measured: LifeEvent = { jobId, kind: 'measured' };
    const unchanged: [JobLife, LifeEvent][] = [
      [lifeAfter(running), measured],
      [lifeAfter(running), passed],
      [lifeAfter(running, ended), ended],
      [lifeAfter(running, ended), sending],
      [lifeAfter(running, held), held],
      [lifeAfter(running, removed), ended],
    ];
    for (const [life, nothing] of unchanged) expect(nextLife(life, nothing, 3, GRACE)).toBe(life);
  });

  it('knows the time until which an outcome is expected', () => {
    expect(lifeAfter(running).deadline).toBe(Infinity);
    expect(lifeAfter(running, ended).deadline).toBe(2 + GRACE);
    expect(lifeAfter(running, held).deadline).toBe(2 + GRACE);
    expect(lifeAfter(running, held, kept).deadline).toBe(Infinity);
    expect(lifeAfter(running, held, queued).deadline).toBe(Infinity);
  });

  it('waits without end while it is held on request, but not when it is held otherwise besides', () => {
    expect(lifeAfter(running, requested).deadline).toBe(Infinity);
    expect(lifeAfter(running, requested, requested).deadline).toBe(Infinity);
    expect(lifeAfter(running, requested, held)).toMatchObject({ deadline: 3 + GRACE, end: held });
    expect(lifeAfter(held, kept, heldAgain)).toMatchObject({ deadline: 3 + GRACE, end: heldAgain });
  });

  it('says what its files and processes do, until it runs on or ends', () => {
    expect(lifeAfter(running, sending).activity).toBe('transferring');
    expect(lifeAfter(running, suspended).activity).toBe('suspended');
    for (const event of [running, continued, evicted, held, ended])
      expect(lifeAfter(running, suspended, event).activity).toBeUndefined();
    expect(lifeAfter(running, ended, sending).activity).toBeUndefined();
  });

  it('is evicted until it runs again', () => {
    expect(lifeAfter(running, evicted, queued).isEvicted).toBe(true);
    expect(lifeAfter(running, evicted, queued, removed).isEvicted).toBe(true);
    expect(lifeAfter(running, evicted, queued, running).isEvicted).toBe(false);
  });

  it('keeps the last machine, the most memory, and the last request', () => {
    const life = lifeAfter(
      { ...running, memoryUsed: 5, memoryRequested: 1 },
      { ...running, host: undefined, memoryUsed: 3, memoryRequested: 2 },
      ended,
    );
    expect(life).toMatchObject({ host: 'node7', memoryUsed: 5, memoryRequested: 2 });
  });

  it('is unknown until the batch system has reported it', () => {
    expect([[], [settled], [missing]].map((events) => lifeAfter(...events).isKnown)).toEqual([
      false,
      false,
      false,
    ]);
    expect(lifeAfter(queued).isKnown).toBe(true);
  });

  it('can do without a log: states that are polled now and then say the same', () => {
    const polls = [queued, running, running, running, ended];
    expect(lifeAfter(...polls)).toMatchObject({ state: 'leaving', host: 'node7' });
    expect(lifeAfter(queued, missing, missing)).toMatchObject({
      state: 'leaving',
      end: { kind: 'lost', jobId },
    });
  });
});

describe('What follows from the life of a job', () => {
  it.each<[events: LifeEvent[], asks: boolean, left: boolean]>([
    [[queued], true, false],
    [[running], true, false],
    [[held], false, false],
    [[requested], true, false],
    [[held, kept], true, false],
    [[ended], false, true],
    [[settled], true, false],
    [[settled, held], true, false],
    [[settled, ended], false, true],
  ])('after %j', (events, asks, left) => {
    const life = lifeAfter(...events);
    expect([mayEndUnnoticed(life), hasLeftQueue(life)]).toEqual([asks, left]);
  });

  it.each<[events: LifeEvent[], event: object]>([
    [[], queued],
    [[running], running],
    [[running, suspended], running],
    [[running, held], held],
    [[running, ended, settled], ended],
    [[missing, missing], queued],
  ])('after %j, as an event', (events, event) => {
    expect(lifeAsEvent(jobId, lifeAfter(...events))).toEqual(event);
  });
});
