import type { EventSource, JobEvent } from '../batch/batch-system.ts';
import { isLocalFileSystem } from '../job-set/filesystem.ts';
import { listOutcomes } from '../job-set/job-set.ts';
import { eventLogFile, isOutcomeName, outcomesDirectory } from '../job-set/names.ts';
import { EventLogFollower } from './event-log-follower.ts';
import { FileEvents } from './file-events.ts';

/** What the watch tells: the same thing may be told any number of times. */
export interface WatchSink {
  /** There is, or may be, an outcome of that key. */
  onOutcome(key: string): void;
  onEvent(event: JobEvent): void;
  /** Called now and then while the watch is awake. */
  onTick(): void;
  /** The job set's directory is gone, for good as far as one can tell. Told once. */
  onLost(error: unknown): void;
}

export interface WatchOptions {
  readonly directory: string;
  readonly mode: WatchMode;
  /** The longest time between two listings, in milliseconds. */
  readonly sweepInterval: number;
  /** How long the directory must be missing before it is lost, in milliseconds. */
  readonly lostAfter: number;
  readonly events: EventSource;
}

/** The shortest wait between two sweeps; it grows by a half each time that nothing is found. */
const SHORTEST_SWEEP_MS = 100;
const TICK_MS = 500;
/** While many jobs write to the log, it is read this often at the most: else each of them would cost this machine several reads. */
const LOG_PAUSE_MS = 50;
/** With file events, the directory is listed this seldom, in case one was lost. */
const SAFETY_SWEEP_MS = 5_000;
/** So many file events between two looks, four for an outcome, may be too many for the operating system, which then drops some. */
const BURST = 2_000;

/** Notices outcomes and events of one job set, with the same few handles however many jobs it has. */
export class JobSetWatch {
  readonly #directory: string;
  readonly #mode: WatchMode;
  readonly #sweepInterval: number;
  readonly #lostAfter: number;
  readonly #clock: AwakeClock;
  /** Since when the directory has been missing, by the clock. */
  #missingSince: number | undefined;
  readonly #sink: WatchSink;
  readonly #follower: EventLogFollower | undefined;
  readonly #fileEvents: FileEvents | undefined;
  #awake = false;
  /** Set while it waits for the next look; there is one timer, or one look, at a time. */
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #sweepsSoon = false;
  #delay = SHORTEST_SWEEP_MS;
  #sweptAt = performance.now();
  #fileEventsSinceLook = 0;
  #mayHaveLost = false;
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #readAt = -Infinity;
  /** Set while the log, which has changed, is about to be read. */
  #logTimer: NodeJS.Timeout | undefined;

  constructor({ directory, mode, sweepInterval, lostAfter, events }: WatchOptions, sink: WatchSink) {
    this.#directory = directory;
    this.#mode = mode;
    this.#sweepInterval = sweepInterval;
    this.#lostAfter = lostAfter;
    this.#clock = new AwakeClock(lostAfter);
    this.#sink = sink;
    if (events.kind === 'log') this.#follower = new EventLogFollower(eventLogFile(directory), events.parse);
    events.subscribe?.((event) => this.#tell(event));
    if (mode === 'events') {
      this.#fileEvents = new FileEvents({
        directory: outcomesDirectory(directory),
        onEntry: (name) => {
          this.#fileEventsSinceLook += 1;
          if (isOutcomeName(name)) sink.onOutcome(name);
        },
        log: this.#follower && eventLogFile(directory),
        onLog: () => this.#readLogSoon(),
        onReady: () => void this.#sweep().then(async () => this.#readLog()),
      });
    }
  }

  /** Keeps looking, and keeps the process alive, until {@link sleep}. */
  wake(): void {
    this.#awake = true;
    this.#delay = SHORTEST_SWEEP_MS;
    if (this.#timer === undefined && !this.#looking) this.#arm();
  }

  /** Lists the outcomes soon, also those that were told before. */
  sweepSoon(): void {
    if (this.#sweepsSoon) return;
    this.#sweepsSoon = true;
    setImmediate(() => {
      this.#sweepsSoon = false;
      void this.#sweep();
    });
  }

  sleep(): void {
    this.#awake = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async close(): Promise<void> {
    this.sleep();
    await this.#fileEvents?.close();
    clearTimeout(this.#logTimer);
    this.#logTimer = undefined;
  }

  #arm(): void {
    const delay = this.#mode === 'sweep' ? this.#delay : TICK_MS;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#looking = true;
      void this.#look().finally(() => {
        this.#looking = false;
        if (this.#awake) this.#arm();
      });
    }, delay);
  }

  async #look(): Promise<void> {
    if (this.#mode === 'sweep' || this.#needsSweep() || this.#missingSince !== undefined) await this.#sweep();
    await this.#readLog();
    this.#sink.onTick();
  }

  /** With file events: now and then, and when a burst of them is over. */
  #needsSweep(): boolean {
    const isBurst = this.#fileEventsSinceLook > BURST;
    const isOver = this.#mayHaveLost && !isBurst;
    this.#fileEventsSinceLook = 0;
    this.#mayHaveLost = isBurst;
    return isOver || performance.now() - this.#sweptAt > SAFETY_SWEEP_MS;
  }

  async #sweep(): Promise<void> {
    this.#sweptAt = performance.now();
    this.#clock.look();
    this.#delay = Math.min(this.#delay * 1.5, this.#sweepInterval);
    try {
      for (const key of await listOutcomes(this.#directory)) this.#sink.onOutcome(key);
      this.#missingSince = undefined;
    } catch (error) {
      // Any other trouble may pass, and so may this one for a while.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.#onMissing(error);
    }
  }

  #onMissing(error: unknown): void {
    const now = this.#clock.now();
    this.#missingSince ??= now;
    if (now - this.#missingSince < this.#lostAfter) return;
    this.sleep();
    this.#sink.onLost(error);
  }

  /** Reads the log that has changed: at once, unless it has been read just now. */
  #readLogSoon(): void {
    if (this.#logTimer !== undefined) return;
    const wait = this.#readAt + LOG_PAUSE_MS - performance.now();
    if (wait <= 0) return void this.#readLog();
    this.#logTimer = setTimeout(() => {
      this.#logTimer = undefined;
      void this.#readLog();
    }, wait).unref();
  }

  /** Reads the log, one reader at a time; what is written meanwhile is read right after. */
  async #readLog(): Promise<void> {
    if (this.#follower === undefined) return;
    if (this.#reading !== undefined) {
      this.#readAgain = true;
      return this.#reading;
    }
    this.#reading = this.#readAll(this.#follower).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readAll(follower: EventLogFollower): Promise<void> {
    do {
      this.#readAt = performance.now();
      this.#readAgain = false;
      // What cannot be read now is read the next time.
      const events = await follower.read().catch(() => []);
      for (const event of events) this.#tell(event);
    } while (this.#readAgain);
  }

  #tell(event: JobEvent): void {
    // Something moves: look often again.
    this.#delay = SHORTEST_SWEEP_MS;
    this.#sink.onEvent(event);
  }
}

/** Looks come this often, in milliseconds, or a little more rarely. */
const USUAL_STEP_MS = 500;
const LONGEST_STEP_MS = 5000;

/**
 * Time as it passes for somebody who looks again and again. A process that was stopped, or a machine that slept, could not look, and
 * what it waits for did perhaps not happen meanwhile either: of such a gap, only a little counts. Jumps of the date mean nothing.
 */
export class AwakeClock {
  readonly #longestStep: number;
  readonly #read: () => number;
  #lookedAt: number;
  #passed = 0;

  /**
   * @param patience how long is waited by this clock; what passes between two looks counts as half of that at the most
   * @param read milliseconds that only ever grow
   */
  constructor(patience: number, read: () => number = () => performance.now()) {
    this.#longestStep = Math.min(LONGEST_STEP_MS, Math.max(USUAL_STEP_MS, patience / 2));
    this.#read = read;
    this.#lookedAt = read();
  }

  /** Milliseconds since some beginning. */
  now(): number {
    return this.#passed + Math.min(this.#read() - this.#lookedAt, this.#longestStep);
  }

  /** Somebody looks now. */
  look(): void {
    this.#passed = this.now();
    this.#lookedAt = this.#read();
  }
}

/** `events`: every write raises one on this machine. `sweep`: it need not, or that cannot be told, so the directory is listed again and again. */
export type WatchMode = 'events' | 'sweep';

/** How writes to a directory can be noticed, by the type of its filesystem. */
export async function findWatchMode(directory: string): Promise<WatchMode> {
  return (await isLocalFileSystem(directory)) ? 'events' : 'sweep';
}
