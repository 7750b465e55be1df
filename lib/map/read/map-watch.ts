import { waitFor, type WaitOptions } from '../../base/timers.ts';
import type { BatchSystem, EventSource } from '../../batch/batch-system.ts';
import type { ResolvedOptions } from '../../cluster/cluster-options.ts';
import { type PolledJob, StatusPoll } from '../../cluster/track/status-poll.ts';
import { JobSetWatch, findWatchMode } from '../../watch/job-set-watch.ts';
import { type Component, jobIdOf } from './component.ts';
import type { MapReader } from './map-reader.ts';

/** So often the disk is looked at, at the most, while many outcomes come. */
const PAUSE_MS = 50;
/** How long the map's directory may be missing, in milliseconds, before the map is taken for removed. */
const LOST_AFTER_MS = 5_000;

/** The log is read by the reader, at each look. */
const NO_EVENTS: EventSource = { kind: 'callback', subscribe: () => {} };

/** Waits for what becomes of a map's components; watches only while somebody waits, and keeps the process alive meanwhile. */
export class MapWatch {
  readonly #reader: MapReader;
  readonly #options: Pick<ResolvedOptions, 'watch' | 'sweepInterval' | 'outcomeGrace'>;
  readonly #silence: StatusPoll<PolledJob>;
  readonly #asked = new Map<Component, PolledJob>();
  readonly #waiters = new Set<{ look: () => void; fail: (error: unknown) => void }>();
  #watching: Promise<JobSetWatch> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #grace: number | undefined;

  constructor(
    reader: MapReader,
    system: Pick<BatchSystem, 'status'>,
    options: Pick<ResolvedOptions, 'watch' | 'sweepInterval' | 'outcomeGrace'>,
  ) {
    this.#reader = reader;
    this.#options = options;
    this.#silence = new StatusPoll(
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

  /** As {@link grace}, after that was asked once. */
  get knownGrace(): number {
    return this.#grace ?? 0;
  }

  /**
   * Resolves with what `look` gives as soon as that is not undefined; it is asked at once, and whenever anything may have changed.
   * @param maxAge how old what is known may be when `look` is asked first, in milliseconds
   * @throws {TimeoutError} and what `look` throws
   */
  async until<T>(
    look: () => T | undefined,
    options: WaitOptions,
    describe: () => string,
    maxAge: number = 0,
  ): Promise<T> {
    options.signal?.throwIfAborted();
    await this.grace();
    let found = this.#reader.age < maxAge ? look() : undefined;
    if (found !== undefined) return found;
    await this.#reader.refresh();
    found = look();
    if (found !== undefined) return found;
    let waiter: { look: () => void; fail: (error: unknown) => void } | undefined;
    const answer = new Promise<T>((resolve, reject) => {
      waiter = {
        fail: reject,
        look: () => {
          try {
            const answered = look();
            if (answered !== undefined) resolve(answered);
          } catch (error) {
            reject(error);
          }
        },
      };
      this.#waiters.add(waiter);
    });
    try {
      (await this.#watch()).wake();
      this.#refreshSoon();
      return await waitFor(answer, options, describe);
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) await this.close();
    }
  }

  /** Something was done to the map: those who wait look at once. */
  wake(): void {
    if (this.#waiters.size > 0) this.#refreshSoon();
  }

  async close(): Promise<void> {
    const watching = this.#watching;
    this.#watching = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await (await watching)?.close();
  }

  async #watch(): Promise<JobSetWatch> {
    this.#watching ??= this.#mode().then(
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
              this.#silence.onTick(this.#askable());
              this.#refreshSoon();
            },
            onLost: (error) => this.#fail(error),
          },
        ),
    );
    return this.#watching;
  }

  async #mode(): Promise<'events' | 'sweep'> {
    const { watch } = this.#options;
    return watch === 'auto' ? findWatchMode(this.#reader.jobSet.directory) : watch;
  }

  #refreshSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#reader.refresh().then(
        () => this.#look(),
        // A filesystem that is away may come back; a directory that is gone is noticed by the watch.
        () => (this.#timer = undefined),
      );
    }, PAUSE_MS);
  }

  #look(): void {
    this.#timer = undefined;
    for (const { look } of this.#waiters) look();
  }

  #fail(error: unknown): void {
    for (const { fail } of this.#waiters) fail(error);
  }

  /** Components whose jobs are in the queue, as far as is known. */
  #askable(): PolledJob[] {
    return this.#reader.components.flatMap((component) => {
      const jobId = jobIdOf(component);
      const isOpen =
        component.outcome === undefined && component.verdict === undefined && component.end === undefined;
      if (jobId === undefined || !isOpen) return [];
      const known = this.#asked.get(component);
      const asked =
        known?.jobId === jobId ? known : { jobId, phase: 'open' as const, end: undefined, missing: 0 };
      this.#asked.set(component, asked);
      return [asked];
    });
  }
}
