import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { JobBatch, JobEvent } from '../../lib/batch/batch-system.ts';
import type { SubmitOptions } from '../../lib/batch/submit-options.ts';
import { SubmitError } from '../../lib/base/errors.ts';
import { type Assignment, encodeInboxLine, parseInbox, takeSync } from '../../lib/job-set/worker-inbox.ts';
import * as names from '../../lib/job-set/names.ts';
import { seal } from '../../lib/payload/call.ts';
import { WorkerSystem } from '../../lib/workers/worker-system.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const parent = temporaryDirectory();
const open: WorkerSystem[] = [];
afterEach(async () => {
  for (const system of open.splice(0)) await system.close();
});

/** A system with workers whose jobs do nothing: the spec plays what they do. */
class Play {
  readonly inner: ScriptedSystem;
  readonly system: WorkerSystem;
  readonly directory: string;
  readonly events: JobEvent[] = [];

  /** @param earlier whose process was killed */
  constructor(max: number, earlier?: Play) {
    this.inner = earlier?.inner ?? new ScriptedSystem();
    this.directory = earlier?.directory ?? mkdtempSync(join(parent, 'job-set-'));
    mkdirSync(names.outcomesDirectory(this.directory), { recursive: true });
    mkdirSync(names.logsDirectory(this.directory), { recursive: true });
    this.system = new WorkerSystem(
      this.inner,
      { max, idleTimeout: 1000 },
      { watch: 'events', outcomeGrace: undefined, cwd: '/' },
    );
    this.system.events.subscribe?.((event) => this.events.push(event));
    open.push(this.system);
  }

  async submit(keys: readonly string[], submit: SubmitOptions = {}): Promise<string[]> {
    const jobs = keys.map((key) => ({ key, arguments: [key, '1', '0', '10', 'a'.repeat(32), '1'] }));
    const jobSet = { id: basename(this.directory), directory: this.directory };
    const batch: JobBatch = { jobSet, submission: 1, jobs, cwd: '/', submit, avoid: [] };
    return this.system.submit(batch);
  }

  /** @returns which of the calls some worker has */
  async attach(keys: readonly string[]): Promise<(string | undefined)[]> {
    const jobSet = { id: basename(this.directory), directory: this.directory };
    return this.system.find({ jobSet, submission: 1, submit: {}, jobs: keys.map((key) => ({ key })) });
  }

  /** The job of a worker. */
  idOf(worker: number): string {
    const key = names.workerKey(worker);
    const index = this.inner.batches.findIndex(({ jobs }) => jobs.some((job) => job.key === key));
    return `${index + 1}.${key}`;
  }

  start(worker: number): void {
    writeFileSync(names.startedFile(this.directory, worker), JSON.stringify({ host: 'node7' }));
    this.inner.emit({ jobId: this.idOf(worker), kind: 'running', host: 'node7' });
  }

  inbox(worker: number): Assignment[] {
    const { lines } = parseInbox(readFileSync(names.inboxFile(this.directory, worker)));
    return lines.flatMap((line) => (line.kind === 'calls' ? line.assignments : []));
  }

  isClosed(worker: number): boolean {
    const { lines } = parseInbox(readFileSync(names.inboxFile(this.directory, worker)));
    return lines.some(({ kind }) => kind === 'close');
  }

  async untilGiven(worker: number, keys: readonly string[]): Promise<void> {
    await until(() => keys.every((key) => this.inbox(worker).some((given) => given.key === key)));
  }

  begin(worker: number, key: string): void {
    const [given] = this.inbox(worker).filter((assignment) => assignment.key === key);
    const file = names.takenFile(this.directory, worker, given?.number as number);
    if (!takeSync(file, names.blankFile(this.directory, worker), { stdout: 0, stderr: 0 }))
      throw new Error(`${key} was taken back`);
  }

  writeOutcome(key: string): void {
    writeFileSync(names.outcomeFile(this.directory, key), seal(Buffer.from('outcome')));
  }

  /** A worker makes a call, in so many milliseconds. */
  make(worker: number, key: string, duration: number): void {
    this.begin(worker, key);
    this.writeOutcome(key);
    this.system.onOutcome(`call.${key}`, duration);
  }

  eventsOf(key: string): JobEvent['kind'][] {
    return this.events.filter(({ jobId }) => jobId === `call.${key}`).map(({ kind }) => kind);
  }
}

describe('A system with workers', () => {
  it('submits no more of them than there are calls, nor than it may, numbered apart from calls', async () => {
    const play = new Play(3);
    expect(await play.submit(['1', '2'])).toEqual(['call.1', 'call.2']);
    await play.submit(['3', '4', '5']);
    await until(() => play.inner.batches.length === 2);
    expect(play.inner.batches.map(({ jobs }) => jobs.map(({ key }) => key))).toEqual([
      ['worker-1', 'worker-2'],
      ['worker-3'],
    ]);
    expect(play.inner.batches.map(({ submission }) => submission)).toEqual([-1, -2]);
  });

  it('gives each of them its share, and more when it has made that', async () => {
    const play = new Play(2);
    await play.submit(['1', '2', '3', '4']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    expect(play.inbox(1)).toHaveLength(2);
    play.start(2);
    await play.untilGiven(2, ['3']);
    play.make(1, '1', 1);
    play.make(1, '2', 1);
    await play.untilGiven(1, ['4']);
    expect(play.eventsOf('1')).toEqual(['ended']);
  });

  it('keeps calls for those that are about to begin while nobody knows how long calls take', async () => {
    const play = new Play(4);
    await play.submit(['1', '2', '3', '4']);
    for (const worker of [1, 2]) play.start(worker);
    await play.untilGiven(1, ['1']);
    await play.untilGiven(2, ['2']);
    for (const worker of [1, 2]) play.begin(worker, String(worker));
    // Until they have been looked at, and so have been given all that they get.
    await until(() => play.eventsOf('1').includes('running') && play.eventsOf('2').includes('running'));
    expect([play.inbox(1).length, play.inbox(2).length]).toEqual([1, 1]);
    for (const worker of [3, 4]) play.start(worker);
    await play.untilGiven(3, ['3']);
    await play.untilGiven(4, ['4']);
    expect([play.inner.removed, play.inner.batches.length]).toEqual([[], 1]);
  });

  it('dismisses those that have not begun when there is nothing left for them', async () => {
    const play = new Play(2);
    await play.submit(['1', '2']);
    play.start(1);
    await play.untilGiven(1, ['1']);
    play.make(1, '1', 1);
    await play.untilGiven(1, ['2']);
    await until(() => play.inner.removed.includes(play.idOf(2)));
    expect(play.isClosed(1)).toBe(false);
  });

  it('gives the calls of one that was evicted to another, and removes it', async () => {
    const play = new Play(1);
    await play.submit(['1', '2']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    play.begin(1, '1');
    play.inner.emit({ jobId: play.idOf(1), kind: 'evicted' });
    await until(() => play.inner.batches.length === 2);
    expect(play.inner.removed).toContain(play.idOf(1));
    play.start(2);
    await play.untilGiven(2, ['1', '2']);
    expect(play.events).toEqual([]);
  });

  it('leaves one alone that is said to have been evicted, and runs', async () => {
    const play = new Play(1);
    await play.submit(['1']);
    play.start(1);
    await play.untilGiven(1, ['1']);
    const jobId = play.idOf(1);
    play.inner.known.set(jobId, { jobId, kind: 'running' });
    play.inner.emit({ jobId, kind: 'evicted' });
    play.inner.emit({ jobId, kind: 'queued' });
    play.make(1, '1', 1);
    await play.submit(['2']);
    await play.untilGiven(1, ['2']);
    expect(play.inner.batches).toHaveLength(1);
  });

  it('gives up one that the batch system does not know, when it has said so twice', async () => {
    const play = new Play(1);
    await play.submit(['1']);
    play.start(1);
    await play.untilGiven(1, ['1']);
    expect(await play.system.status(['call.1'])).toEqual(
      new Map([['call.1', { jobId: 'call.1', kind: 'queued' }]]),
    );
    expect(play.inner.batches).toHaveLength(1);
    await play.system.status(['call.1']);
    await until(() => play.inner.batches.length === 2);
    play.start(2);
    await play.untilGiven(2, ['1']);
  });

  it.each<[what: string, write: (play: Play) => void]>([
    ['is there', (play) => play.writeOutcome('1')],
    [
      'is whole, though it has not got its name',
      ({ directory }) =>
        writeFileSync(`${names.outcomeFile(directory, '1')}.node7-1-1.tmp`, seal(Buffer.from('outcome'))),
    ],
  ])('does not have a call made again whose worker died when its outcome %s', async (_what, write) => {
    const play = new Play(1);
    await play.submit(['1']);
    play.start(1);
    await play.untilGiven(1, ['1']);
    play.begin(1, '1');
    write(play);
    play.inner.emit({ jobId: play.idOf(1), kind: 'ended', signal: 9 });
    await until(() => play.events.length > 0);
    expect(play.events).toEqual([{ jobId: 'call.1', kind: 'ended', exitCode: 0 }]);
    expect(readFileSync(names.outcomeFile(play.directory, '1')).length).toBeGreaterThan(0);
    expect(play.inner.batches).toHaveLength(1);
  });

  it('has a call made three times whose workers die, and then tells how the last one did', async () => {
    const play = new Play(1);
    await play.submit(['1']);
    for (const worker of [1, 2, 3]) {
      await until(() => play.inner.batches.length === worker);
      play.start(worker);
      await play.untilGiven(worker, ['1']);
      play.begin(worker, '1');
      writeFileSync(names.stderrFile(play.directory, names.workerKey(worker)), `death ${worker}`);
      play.inner.emit({ jobId: play.idOf(worker), kind: 'ended', signal: 11, memoryUsed: 7 });
    }
    await until(() => play.eventsOf('1').includes('ended'));
    expect(play.events).toEqual([
      { jobId: 'call.1', kind: 'measured', memoryUsed: 7, memoryRequested: undefined },
      { jobId: 'call.1', kind: 'ended', signal: 11, memoryUsed: 7 },
    ]);
    expect(readFileSync(names.stderrFile(play.directory, '1'), 'utf8')).toBe('death 3');
  });

  it('does not have a call made by another one when its outcome comes after all', async () => {
    const play = new Play(1);
    await play.submit(['1', '2']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    play.begin(1, '1');
    play.inner.emit({ jobId: play.idOf(1), kind: 'evicted' });
    await until(() => play.inner.batches.length === 2);
    play.start(2);
    await play.untilGiven(2, ['1']);
    play.system.onOutcome('call.1', 1);
    const [given] = play.inbox(2).filter(({ key }) => key === '1');
    const taken = names.takenFile(play.directory, 2, given?.number as number);
    await until(() => existsSync(taken));
    expect(() => play.begin(2, '1')).toThrow('was taken back');
    expect(play.eventsOf('1')).toEqual(['ended']);
  });

  it('takes back what waits behind a long call when another one has nothing to do', async () => {
    const play = new Play(2);
    await play.submit(['1', '2', '3']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    play.begin(1, '1');
    play.start(2);
    await play.untilGiven(2, ['3']);
    play.make(2, '3', 1);
    await play.untilGiven(2, ['2']);
    expect(() => play.begin(1, '2')).toThrow('was taken back');
  });

  it('gives the place of a worker that made room to the calls that it made room for', async () => {
    const play = new Play(1);
    await play.submit(['1', '2', '3', '4']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    await play.submit(['5'], { request_cpus: 2 });
    await until(() => play.isClosed(1));
    for (const key of ['1', '2']) play.make(1, key, 1);
    play.inner.emit({ jobId: play.idOf(1), kind: 'ended', exitCode: 0 });
    await until(() => play.inner.batches.length > 1);
    expect(play.inner.batches[1]?.submit).toEqual({ request_cpus: 2 });
    play.start(2);
    await play.untilGiven(2, ['5']);
    play.make(2, '5', 1);
    await until(() => play.isClosed(2));
    play.inner.emit({ jobId: play.idOf(2), kind: 'ended', exitCode: 0 });
    await until(() => play.inner.batches.length > 2);
    play.start(3);
    await play.untilGiven(3, ['3', '4']);
  });

  it('gives places of workers that have nothing to do to calls that others cannot make at once', async () => {
    const play = new Play(2);
    await play.submit(['1'], { request_cpus: 2 });
    play.start(1);
    await play.untilGiven(1, ['1']);
    play.make(1, '1', 1);
    await play.submit(['2']);
    play.start(2);
    await play.untilGiven(2, ['2']);
    play.begin(2, '2');
    await play.submit(['3', '4']);
    await until(() => play.isClosed(1));
    expect(play.isClosed(2)).toBe(false);
    play.inner.emit({ jobId: play.idOf(1), kind: 'ended', exitCode: 0 });
    await until(() => play.inner.batches.length === 3);
    expect(play.inner.batches[2]?.submit).toEqual({});
  });

  it('removes calls that wait, are next, or run, the last of these with its worker', async () => {
    const play = new Play(1);
    await play.submit(['1', '2', '3']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    play.begin(1, '1');
    await play.system.remove(['call.3', 'call.2']);
    expect([play.eventsOf('3'), play.eventsOf('2'), play.inner.removed]).toEqual([
      ['removed'],
      ['removed'],
      [],
    ]);
    expect(() => play.begin(1, '2')).toThrow('was taken back');
    await play.system.remove(['call.1']);
    await until(() => play.eventsOf('1').includes('removed'));
    expect(play.inner.removed).toEqual([play.idOf(1)]);
    expect(play.inner.batches).toHaveLength(1);
  });

  it('does not end a worker for a call that is done, and another one has begun', async () => {
    const play = new Play(1);
    await play.submit(['1', '2']);
    play.start(1);
    await play.untilGiven(1, ['1', '2']);
    play.begin(1, '1');
    play.writeOutcome('1');
    play.begin(1, '2');
    await play.system.remove(['call.1']);
    // That it has begun may have been seen before its outcome was.
    expect(play.eventsOf('1').filter((kind) => kind !== 'running')).toEqual(['ended']);
    expect(play.inner.removed).toEqual([]);
  });

  it('fails the submission of calls for which no worker can be submitted', async () => {
    const play = new Play(1);
    const failure = { command: 'condor_submit', exitCode: 1, stderr: '' };
    play.inner.beforeAnswer = () => {
      throw new SubmitError('no', failure);
    };
    expect(await thrownBy(play.submit(['1']))).toBeInstanceOf(SubmitError);
    play.inner.beforeAnswer = () => {};
    await play.submit(['2']);
    play.start(2);
    await play.untilGiven(2, ['2']);
    expect(play.inbox(2)).toHaveLength(1);
  });

  it.each([
    ['has lost its line break', 1, ['call.1', 'call.2']],
    ['is torn', 5, ['call.1', undefined]],
  ])('goes on with an inbox whose last line %s', async (_what, lost, has) => {
    const earlier = new Play(1);
    await earlier.submit(['1']);
    earlier.start(1);
    await earlier.untilGiven(1, ['1']);
    const location = { batch: 1, offset: 0, length: 10, hash: 'a'.repeat(32) };
    const line = encodeInboxLine({
      kind: 'calls',
      known: 1,
      assignments: [{ number: 2, key: '2', ...location }],
    });
    appendFileSync(names.inboxFile(earlier.directory, 1), line.slice(0, -lost));
    earlier.inner.found.set(names.workerKey(1), earlier.idOf(1));
    const play = new Play(1, earlier);
    expect(await play.attach(['1', '2'])).toEqual(has);
    play.make(1, '1', 1);
    await play.submit(['3']);
    await play.untilGiven(1, ['3']);
    expect(play.inbox(1).map(({ key }) => key)).toEqual([
      ...has.map((id) => id?.slice('call.'.length)).filter((key) => key !== undefined),
      '3',
    ]);
    expect(new Set(play.inbox(1).map(({ number }) => number)).size).toBe(play.inbox(1).length);
  });

  it('goes on where a process was killed while it made the files of a worker', async () => {
    const play = new Play(1);
    mkdirSync(names.workerDirectory(play.directory, 1), { recursive: true });
    writeFileSync(names.inboxFile(play.directory, 1), '');
    expect(await play.submit(['1'])).toEqual(['call.1']);
    play.start(2);
    await play.untilGiven(2, ['1']);
    expect(play.inner.batches).toHaveLength(1);
  });

  it.each(['submission', 'queue'] as const)('submits fewer at once than a %s may have', async (limit) => {
    const play = new Play(4);
    const accepted: number[] = [];
    play.inner.beforeAnswer = ({ jobs }) => {
      const sum = accepted.reduce((all, count) => all + count, 0);
      if (jobs.length + (limit === 'queue' ? sum : 0) > 2) {
        throw new SubmitError('too many', { command: 'condor_submit', exitCode: 1, stderr: '', limit });
      }
      accepted.push(jobs.length);
    };
    expect(await play.submit(['1', '2', '3', '4', '5'])).toHaveLength(5);
    expect(accepted).toEqual([2]);
    const last = play.inner.batches.length;
    // It is tried whether there is room for more.
    await until(() => (limit === 'queue' ? play.inner.batches.length === last + 2 : accepted.length === 2));
    expect(accepted).toEqual(limit === 'queue' ? [2] : [2, 2]);
    expect(play.events).toEqual([]);
  });

  it('shows a call that has begun as running, on its machine', async () => {
    const play = new Play(1);
    await play.submit(['1']);
    play.start(1);
    await play.untilGiven(1, ['1']);
    play.begin(1, '1');
    await until(() => play.events.length > 0);
    expect(play.events).toEqual([{ jobId: 'call.1', kind: 'running', host: 'node7' }]);
  });

  it('ends workers when it is to retire, and waits until they are gone', async () => {
    const play = new Play(1);
    await play.submit(['1']);
    play.start(1);
    await play.untilGiven(1, ['1']);
    play.make(1, '1', 1);
    let isRetired = false;
    const retired = play.system.retire(60_000).then(() => (isRetired = true));
    await until(() => play.isClosed(1));
    expect(isRetired).toBe(false);
    play.inner.emit({ jobId: play.idOf(1), kind: 'ended', exitCode: 0 });
    await retired;
    expect(play.inner.removed).toEqual([]);
  });
});
