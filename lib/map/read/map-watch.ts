import { waitFor, type WaitOptions } from '../../base/timers.ts';
import type { BatchSystem, EventSource } from '../../batch/batch-system.ts';
import type { ResolvedOptions } from '../../cluster/cluster-options.ts';
import { type PolledJob, StatusPoll } from '../../cluster/track/status-poll.ts';
import { JobSetWatch, findWatchMode } from '../../watch/job-set-watch.ts';
import { type Component, jobIdOf } from './component.ts';
import type { MapReader } from './map-reader.ts';

/** Minimum time between two reads of the disk while many outcomes arrive, in milliseconds. */
const REFRESH_DELAY_MS = 50;
/** How long the map's directory may be missing before the map counts as removed, in milliseconds. */
const LOST_AFTER_MS = 5_000;

/** JobSetWatch follows no event log, because MapReader reads it at each refresh. */
const NO_EVENTS: EventSource = { kind: 'callback', subscribe: () => {} };

interface Waiter {
  check(): void;
  fail(error: unknown): void;
}

/** Waits for changes of a map's components. Watches the disk and keeps the process alive only meanwhile. */
export class MapWatch {
  readonly #reader: MapReader;
  readonly #options: Pick<ResolvedOptions, 'watch' | 'sweepInterval' | 'outcomeGrace'>;
  readonly #poll: StatusPoll<PolledJob>;
  readonly #polledJobs = new Map<Component, PolledJob>();
  readonly #waiters = new Set<Waiter>();
  #watch: Promise<JobSetWatch> | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;
  #grace: number | undefined;

  constructor(
    reader: MapReader,
    system: Pick<BatchSystem, 'status'>,
    options: Pick<ResolvedOptions, 'watch' | 'sweepInterval' | 'outcomeGrace'>,
  ) {
    this.#reader = reader;
    this.#options = options;
    this.#poll = new StatusPoll(
      system,
      (event) => reader.onEvent(event),
      ({ jobId }) => reader.onLost(jobId),
    );
  }

  /** How long an outcome may stay invisible after its job has ended, in milliseconds. */
  async grace(): Promise<number> {
    this.#grace ??= this.#options.outcomeGrace ?? ((await this.#mode()) === 'sweep' ? 15_000 : 1000);
    return this.#grace;
  }

  /** The {@link grace}, once it has been determined; 0 before. */
  get knownGrace(): number {
    return this.#grace ?? 0;
  }

  /**
   * Resolves with the first result of `check` that is not undefined. Calls `check` at once and after each
   * refresh.
   * @param maxAge maximum age of the known state at the first call, in milliseconds
   * @throws {TimeoutError} and errors of `check`
   */
  async until<T>(
    check: () => T | undefined,
    options: WaitOptions,
    describe: () => string,
    maxAge: number = 0,
  ): Promise<T> {
    options.signal?.throwIfAborted();
    await this.grace();
    let found = this.#reader.age < maxAge ? check() : undefined;
    if (found !== undefined) return found;
    await this.#reader.refresh();
    found = check();
    if (found !== undefined) return found;
    let waiter: Waiter | undefined;
    const answer = new Promise<T>((resolve, reject) => {
      waiter = {
        fail: reject,
        check: () => {
          try {
            const answered = check();
            if (answered !== undefined) resolve(answered);
          } catch (error) {
            reject(error);
          }
        },
      };
      this.#waiters.add(waiter);
    });
    try {
      (await this.#openWatch()).wake();
      this.#refreshSoon();
      return await waitFor(answer, options, describe);
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) await this.close();
    }
  }

  /** Refreshes soon, after this program has changed the map. */
  wake(): void {
    if (this.#waiters.size > 0) this.#refreshSoon();
  }

  async close(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = undefined;
    await (await watch)?.close();
  }

  async #openWatch(): Promise<JobSetWatch> {
    this.#watch ??= this.#mode().then(
      (mode) =>
        new JobSetWatch(
          {
            directory: this.#reader.jobSet.directory,
            mode,
            sweepInterval: this.#options.sweepInterval,
            lostAfter: LOST_AFTER_MS,
            events: NO_EVENTS,
          },
          {
            onOutcome: () => this.#refreshSoon(),
            onEvent: () => {},
            onTick: () => {
              this.#poll.onTick(this.#jobsToPoll());
              this.#refreshSoon();
            },
            onLost: (error) => this.#fail(error),
          },
        ),
    );
    return this.#watch;
  }

  async #mode(): Promise<'events' | 'sweep'> {
    const { watch } = this.#options;
    return watch === 'auto' ? findWatchMode(this.#reader.jobSet.directory) : watch;
  }

  #refreshSoon(): void {
    this.#refreshTimer ??= setTimeout(() => {
      this.#reader.refresh().then(
        () => this.#checkWaiters(),
        // The file system may be available again later; the watch reports a directory that is gone.
        () => (this.#refreshTimer = undefined),
      );
    }, REFRESH_DELAY_MS);
  }

  #checkWaiters(): void {
    this.#refreshTimer = undefined;
    for (const waiter of this.#waiters) waiter.check();
  }

  #fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error);
  }

  /** The jobs that should still be in the queue. */
  #jobsToPoll(): PolledJob[] {
    return this.#reader.components.flatMap((component) => {
      const jobId = jobIdOf(component);
      const { outcome, settled, end } = component;
      const isPending = outcome === undefined && settled === undefined && end === undefined;
      if (jobId === undefined || !isPending) return [];
      const known = this.#polledJobs.get(component);
      const job =
        known?.jobId === jobId ? known : { jobId, phase: 'open' as const, end: undefined, missing: 0 };
      this.#polledJobs.set(component, job);
      return [job];
    });
  }
}
