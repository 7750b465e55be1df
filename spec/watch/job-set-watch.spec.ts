import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JobEvent } from '../../lib/batch/batch-system.ts';
import { parseEventLog } from '../../lib/batch/htcondor/event-log.ts';
import { eventLogFile, outcomeFile, outcomesDirectory } from '../../lib/job-set/names.ts';
import { EventLogFollower } from '../../lib/watch/event-log-follower.ts';
import { findGraces, type WatchMode } from '../../lib/watch/job-set-watch.ts';
import { JobSetWatch } from '../../lib/watch/job-set-watch.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const parent = temporaryDirectory();
let sets = 0;
let directory: string;
let watch: JobSetWatch;
let outcomes: string[];
let events: JobEvent[];
let losses: unknown[];
let ticks: number;
beforeEach(() => {
  sets += 1;
  directory = join(parent, String(sets));
  mkdirSync(outcomesDirectory(directory), { recursive: true });
  writeFileSync(eventLogFile(directory), '');
  [outcomes, events, losses, ticks] = [[], [], [], 0];
});
afterEach(async () => watch.close());

function open(mode: WatchMode): void {
  const options = {
    directory,
    mode,
    sweepInterval: 200,
    lostAfter: 500,
    follower: new EventLogFollower(eventLogFile(directory), parseEventLog),
  } as const;
  watch = new JobSetWatch(options, {
    onOutcome: (key) => outcomes.push(key),
    onEvent: (event) => events.push(event),
    onTick: () => (ticks += 1),
    onLost: (error) => losses.push(error),
  });
  watch.wake();
}

function writeOutcome(key: string): void {
  writeFileSync(`${outcomeFile(directory, key)}.x.tmp`, '');
  renameSync(`${outcomeFile(directory, key)}.x.tmp`, outcomeFile(directory, key));
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** How many files this process watches: Linux lists them beside its inotify descriptors. */
function watchers(): number {
  const lists = readdirSync('/proc/self/fdinfo').map((descriptor) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    } catch {
      return ''; // closed meanwhile
    }
  });
  return lists.join('').split('inotify wd:').length - 1;
}

describe.each<WatchMode>(['events', 'sweep'])('A watch by %s', (mode) => {
  it('tells outcomes, and not what is still being written', async () => {
    open(mode);
    for (let key = 0; key < 100; key += 1) writeOutcome(String(key));
    await until(() => new Set(outcomes).size === 100);
    expect(outcomes.filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('tells outcomes that were there before', async () => {
    writeOutcome('7');
    open(mode);
    await until(() => outcomes.length > 0);
    expect(outcomes).toContain('7');
  });

  it('tells events as the log grows', async () => {
    open(mode);
    for (const proc of [0, 1, 2]) {
      appendFileSync(eventLogFile(directory), `000 (7.${proc}.000) 2026-11-21 01:50:38 Job submitted\n...\n`);
      await until(() => events.length === proc + 1);
    }
    expect(events.map(({ jobId }) => jobId)).toEqual(['7.0', '7.1', '7.2']);
  });

  it('tells once when the directory is gone for good', async () => {
    open(mode);
    rmSync(directory, { recursive: true });
    await until(() => losses.length > 0);
    expect(losses[0]).toMatchObject({ code: 'ENOENT' });
  });

  it('bears a directory that is gone for a moment', async () => {
    open(mode);
    await until(() => ticks > 0);
    renameSync(outcomesDirectory(directory), `${directory}.away`);
    const before = ticks;
    await until(() => ticks > before);
    renameSync(`${directory}.away`, outcomesDirectory(directory));
    writeOutcome('7');
    await until(() => outcomes.includes('7'));
    expect(losses).toEqual([]);
  });

  it('ticks while it is awake, and no more when it sleeps', async () => {
    const before = timers();
    open(mode);
    await until(() => ticks > 1);
    watch.sleep();
    await until(() => timers() <= before);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});

describe('A watch', () => {
  it('has no more watchers for a thousand outcomes than for one', async () => {
    open('events');
    writeOutcome('0');
    await until(() => outcomes.includes('0'));
    const before = watchers();
    expect(before).toBeGreaterThan(0);
    for (let key = 1; key < 1000; key += 1) writeOutcome(String(key));
    await until(() => new Set(outcomes).size === 1000);
    expect(watchers()).toBe(before);
  });
});

describe('A watch by events', () => {
  it('lists the directory soon after a burst of which the operating system has dropped events', async () => {
    open('events');
    writeOutcome('0');
    await until(() => outcomes.includes('0'));
    const before = ticks;
    const count = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) / 2;
    for (let key = 1; key <= count; key += 1) writeOutcome(String(key));
    await until(() => new Set(outcomes).size === count + 1);
    // The next listing for safety would have come after 10.
    expect(ticks - before).toBeLessThan(6);
  });
});

describe('A filesystem', () => {
  it('says by its type how it is watched', async () => {
    const settings = { watch: 'auto', outcomeGrace: undefined } as const;
    const prompt = { mode: 'events', outcomeGrace: 1000, lostAfter: 10_000 };
    const sweep = { mode: 'sweep', outcomeGrace: 15_000, lostAfter: 150_000 };
    expect(await findGraces('/dev/shm', settings)).toEqual(prompt);
    expect(await findGraces('/proc', settings)).toEqual(sweep);
    expect(await findGraces('/nonesuch', settings)).toEqual(sweep);
    const given = { watch: 'sweep', outcomeGrace: 50 } as const;
    expect(await findGraces('/dev/shm', given)).toEqual({ mode: 'sweep', outcomeGrace: 50, lostAfter: 500 });
  });
});
