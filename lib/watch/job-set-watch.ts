import { type FSWatcher as DirectoryWatcher, watch as watchDirectory } from 'node:fs';
import { type FSWatcher as LogWatcher, watch as watchFile } from 'chokidar';
import { isMissing } from '../base/missing-files.ts';
import type { EventSource, JobEvent } from '../batch/batch-system.ts';
import { isLocalFileSystem } from '../job-set/filesystem.ts';
import { listOutcomes } from '../job-set/job-set.ts';
import { eventLogFile, isOutcomeName, outcomesDirectory } from '../job-set/names.ts';
import { AwakeClock } from './awake-clock.ts';
import type { EventLogFollower } from './event-log-follower.ts';

/** Receives what the watch notices; the same outcome or event may be reported several times. */
export interface WatchSink {
  /** There may be an outcome with this key. */
  onOutcome(key: string): void;
  onEvent(event: JobEvent): void;
  /** Is called at intervals while the watch is awake. */
  onTick(): void;
  /** The job set's directory has been missing for {@link WatchOptions.lostAfter}. Is called once. */
  onLost(error: unknown): void;
}

export interface WatchOptions {
  readonly directory: string;
  readonly mode: WatchMode;
  /** The longest time between two listings of the outcomes, in milliseconds. */
  readonly sweepInterval: number;
  /** How long the directory must be missing before it counts as lost, in milliseconds. */
  readonly lostAfter: number;
  /** A callback for events, if the batch system has one. */
  readonly events?: EventSource | undefined;
  /** Reads the event log, if there is one; others may read it, too. */
  readonly follower?: EventLogFollower | undefined;
}

/** The shortest time between two sweeps; it grows by half while nothing is found. */
const SHORTEST_SWEEP_MS = 100;
const TICK_MS = 500;
/** The shortest time between two reads of the log, because many jobs may write to it at once. */
const LOG_PAUSE_MS = 50;
/** Time between two sweeps in the mode `events`, in case a file event was lost. */
const SAFETY_SWEEP_MS = 5_000;
/**
 * Number of file events between two ticks, four per outcome, above which the operating system may drop some.
 */
const BURST = 2_000;

/** Notices outcomes and events of one job set, with the same few handles however many jobs it has. */
export class JobSetWatch {
  readonly #directory: string;
  readonly #mode: WatchMode;
  readonly #sweepInterval: number;
  readonly #lostAfter: number;
  readonly #clock: AwakeClock;
  /** Since when the directory is missing, by the clock. */
  #missingSince: number | undefined;
  readonly #sink: WatchSink;
  readonly #follower: EventLogFollower | undefined;
  readonly #unsubscribe: (() => void) | undefined;
  readonly #fileEvents: FileEvents | undefined;
  #isAwake = false;
  /** Set until the next tick; there is either a timer or a running tick. */
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;
  #hasSweepScheduled = false;
  #delay = SHORTEST_SWEEP_MS;
  #sweptAt = performance.now();
  #fileEventsSinceTick = 0;
  #mayHaveLostEvents = false;
  #logReading: Promise<void> | undefined;
  #hasLogChanged = false;
  #logReadAt = -Infinity;
  /** Set while a read of the changed log is scheduled. */
  #logTimer: NodeJS.Timeout | undefined;

  constructor(options: WatchOptions, sink: WatchSink) {
    const { directory, mode, sweepInterval, lostAfter, events, follower } = options;
    this.#directory = directory;
    this.#mode = mode;
    this.#sweepInterval = sweepInterval;
    this.#lostAfter = lostAfter;
    this.#clock = new AwakeClock(lostAfter);
    this.#sink = sink;
    this.#follower = follower;
    const onEvent = (event: JobEvent): void => this.#onEvent(event);
    this.#unsubscribe = follower?.subscribe(onEvent);
    events?.subscribe?.(onEvent);
    if (mode === 'events') {
      this.#fileEvents = new FileEvents({
        directory: outcomesDirectory(directory),
        onEntry: (name) => {
          this.#fileEventsSinceTick += 1;
          if (isOutcomeName(name)) sink.onOutcome(name);
        },
        log: this.#follower && eventLogFile(directory),
        onLog: () => this.#readLogSoon(),
        onReady: () => void this.#sweep().then(async () => this.#readLog()),
      });
    }
  }

  /** Watches, and keeps the process alive, until {@link sleep}. */
  wake(): void {
    this.#isAwake = true;
    this.#delay = SHORTEST_SWEEP_MS;
    if (this.#timer === undefined && !this.#isTicking) this.#arm();
  }

  /** Lists the outcomes soon, and reports all of them again. */
  sweepSoon(): void {
    if (this.#hasSweepScheduled) return;
    this.#hasSweepScheduled = true;
    setImmediate(() => {
      this.#hasSweepScheduled = false;
      void this.#sweep();
    });
  }

  sleep(): void {
    this.#isAwake = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async close(): Promise<void> {
    this.sleep();
    this.#unsubscribe?.();
    await this.#fileEvents?.close();
    clearTimeout(this.#logTimer);
    this.#logTimer = undefined;
  }

  #arm(): void {
    const delay = this.#mode === 'sweep' ? this.#delay : TICK_MS;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#isTicking = true;
      void this.#tick().finally(() => {
        this.#isTicking = false;
        if (this.#isAwake) this.#arm();
      });
    }, delay);
  }

  async #tick(): Promise<void> {
    if (this.#mode === 'sweep' || this.#needsSweep() || this.#missingSince !== undefined) await this.#sweep();
    await this.#readLog();
    this.#sink.onTick();
  }

  /** In the mode `events`: after a burst of file events, and at long intervals. */
  #needsSweep(): boolean {
    const isBurst = this.#fileEventsSinceTick > BURST;
    const isOver = this.#mayHaveLostEvents && !isBurst;
    this.#fileEventsSinceTick = 0;
    this.#mayHaveLostEvents = isBurst;
    return isOver || performance.now() - this.#sweptAt > SAFETY_SWEEP_MS;
  }

  async #sweep(): Promise<void> {
    this.#sweptAt = performance.now();
    this.#clock.check();
    this.#delay = Math.min(this.#delay * 1.5, this.#sweepInterval);
    try {
      for (const key of await listOutcomes(this.#directory)) this.#sink.onOutcome(key);
      this.#missingSince = undefined;
    } catch (error) {
      // Other errors may pass.
      if (isMissing(error)) this.#onMissing(error);
    }
  }

  #onMissing(error: unknown): void {
    const now = this.#clock.now();
    this.#missingSince ??= now;
    if (now - this.#missingSince < this.#lostAfter) return;
    this.sleep();
    this.#sink.onLost(error);
  }

  /** Reads the changed log: at once, unless it was read a moment ago. */
  #readLogSoon(): void {
    if (this.#logTimer !== undefined) return;
    const wait = this.#logReadAt + LOG_PAUSE_MS - performance.now();
    if (wait <= 0) return void this.#readLog();
    this.#logTimer = setTimeout(() => {
      this.#logTimer = undefined;
      void this.#readLog();
    }, wait).unref();
  }

  /** Reads the log, one read at a time; lines written meanwhile are read right after. */
  async #readLog(): Promise<void> {
    if (this.#follower === undefined) return;
    if (this.#logReading !== undefined) {
      this.#hasLogChanged = true;
      return this.#logReading;
    }
    this.#logReading = this.#readAll(this.#follower).finally(() => (this.#logReading = undefined));
    return this.#logReading;
  }

  async #readAll(follower: EventLogFollower): Promise<void> {
    do {
      this.#logReadAt = performance.now();
      this.#hasLogChanged = false;
      // After an error, the same events are read the next time.
      await follower.read().catch(() => {});
    } while (this.#hasLogChanged);
  }

  #onEvent(event: JobEvent): void {
    // Jobs make progress, so outcomes may follow soon.
    this.#delay = SHORTEST_SWEEP_MS;
    this.#sink.onEvent(event);
  }
}

interface FileEventsOptions {
  readonly directory: string;
  /** Is called with the name of each entry of the directory that changes. */
  readonly onEntry: (name: string) => void;
  /** Path of the event log, if there is one; the file may be replaced. */
  readonly log: string | undefined;
  readonly onLog: () => void;
  /** Is called when watching has started: earlier changes are not reported. */
  readonly onReady: () => void;
}

/**
 * Reports changes of the entries of a directory and of a log, with two watchers of the operating system,
 * however many outcomes are pending. Does not see what other machines write to a network file system.
 */
class FileEvents {
  readonly #directory: DirectoryWatcher | undefined;
  readonly #log: LogWatcher | undefined;

  // Pending futures keep the process alive, not watchers. Where watching fails, as with too many watchers on
  // the machine, the sweep still finds everything.
  constructor({ directory, onEntry, log, onLog, onReady }: FileEventsOptions) {
    this.#directory = watchEntries(directory, onEntry);
    if (log === undefined) {
      setImmediate(onReady);
      return;
    }
    this.#log = watchFile(log, { ignoreInitial: true, persistent: false });
    this.#log.on('raw', onLog);
    this.#log.on('ready', onReady);
    this.#log.on('error', () => {});
  }

  async close(): Promise<void> {
    this.#directory?.close();
    await this.#log?.close();
  }
}

/**
 * Not with chokidar, which, up to once a second, calls stat for every file of a directory that changes: with
 * 100,000 outcomes it would do nothing else.
 */
function watchEntries(directory: string, onEntry: (name: string) => void): DirectoryWatcher | undefined {
  try {
    const watcher = watchDirectory(directory, { persistent: false }, (_event, name) => {
      if (name !== null) onEntry(name);
    });
    return watcher.on('error', () => {});
  } catch {
    return undefined;
  }
}

/**
 * `events`: every write raises a file event on this machine. `sweep`: it may not, so the directory is listed
 * repeatedly.
 */
export type WatchMode = 'events' | 'sweep';

/** An executor's or map's options for how its job set is watched. */
export interface WatchSettings {
  readonly watch: 'auto' | WatchMode;
  readonly outcomeGrace: number | undefined;
}

/** How a job set is watched, and how patiently; times are in milliseconds. */
export interface Graces {
  readonly mode: WatchMode;
  /** How long an outcome may stay invisible after its job has ended. */
  readonly outcomeGrace: number;
  /** How long the directory must be missing before it counts as lost: a network may lose it for a moment. */
  readonly lostAfter: number;
}

const USUAL_GRACE_MS: Readonly<Record<WatchMode, number>> = { events: 1000, sweep: 15_000 };
const LOST_AFTER_GRACES = 10;

/** The mode for a directory, by the type of its file system, and the graces for that. */
export async function findGraces(directory: string, { watch, outcomeGrace }: WatchSettings): Promise<Graces> {
  const mode = watch === 'auto' ? ((await isLocalFileSystem(directory)) ? 'events' : 'sweep') : watch;
  const grace = outcomeGrace ?? USUAL_GRACE_MS[mode];
  return { mode, outcomeGrace: grace, lostAfter: LOST_AFTER_GRACES * grace };
}
