import { waitFor, type WaitOptions } from '../../base/timers.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import { type PolledJob, StatusPoll } from '../../cluster/track/status-poll.ts';
import { type CallRecord, isPending, jobIdOf } from '../../watch/call-records.ts';
import type { JobSetReader } from '../../watch/job-set-reader.ts';
import { findGraces, JobSetWatch, type WatchSettings } from '../../watch/job-set-watch.ts';

/** Minimum time between two reads of the disk while many outcomes arrive, in milliseconds. */
const REFRESH_DELAY_MS = 50;

/** A job that the batch system is asked about. */
interface Polled extends PolledJob {
  readonly record: CallRecord;
}

interface Waiter {
  check(): void;
  fail(error: unknown): void;
}

/** Waits for changes of a map's components. Watches the disk and keeps the process alive only meanwhile. */
export class MapWatch {
  readonly #reader: JobSetReader;
  readonly #options: WatchSettings & { readonly sweepInterval: number };
  readonly #poll: StatusPoll<Polled>;
  readonly #waiters = new Set<Waiter>();
  #watch: Promise<JobSetWatch> | undefined;
  #refreshTimer: NodeJS.Timeout | undefined;

  constructor(
    reader: JobSetReader,
    system: Pick<BatchSystem, 'status'>,
    options: WatchSettings & { readonly sweepInterval: number },
  ) {
    this.#reader = reader;
    this.#options = options;
    this.#poll = new StatusPoll(
      system,
      reader.jobSet.id,
      (event) => reader.calls.onEvent(event),
      ({ record, jobId }) => reader.calls.apply(record, { kind: 'missing', jobId }),
    );
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
    const { directory } = this.#reader.jobSet;
    this.#watch ??= findGraces(directory, this.#options).then(
      ({ mode, lostAfter }) =>
        new JobSetWatch(
          {
            directory,
            mode,
            // The reader reads the event log at each refresh.
            sweepInterval: this.#options.sweepInterval,
            lostAfter,
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
  #jobsToPoll(): Polled[] {
    return this.#reader.records.flatMap((record) => {
      const jobId = jobIdOf(record);
      return jobId === undefined || !isPending(record) ? [] : [{ record, jobId, life: record.life }];
    });
  }
}
