import { join } from 'node:path';
import { serialize } from 'node:v8';
import type { BatchSystem } from '../batch/batch-system.ts';
import { deliveredBy } from '../delivery/deliver.ts';
import { Archive } from '../job-set/archive.ts';
import { hasOutputFiles } from '../job-set/call-outputs.ts';
import { Claim } from '../job-set/claim.ts';
import { gatherLines } from '../job-set/job-script.ts';
import { JobSet } from '../job-set/job-set.ts';
import type { JournalEntry } from '../job-set/journal.ts';
import { CODE_FILE, newJobSetId } from '../job-set/names.ts';
import { encodeThrown } from '../payload/thrown-values.ts';
import { findWatchMode, JobSetWatch } from '../watch/job-set-watch.ts';
import type { Call } from './calls/call.ts';
import type { ResolvedOptions } from './cluster-options.ts';
import { JobFiles } from './job-files.ts';
import { Tracker, type TrackerHost } from './track/tracker.ts';

/** A directory that cannot be found for this many times the grace of an outcome is gone; before, it may be a network's hiccup. */
const LOST_AFTER_GRACES = 10;

/** A job set at work, with all that looks after its jobs. */
export class LiveJobSet {
  readonly jobSet: JobSet;
  readonly claim: Claim;
  readonly archive: Archive;
  readonly files: JobFiles;
  readonly tracker: Tracker;
  readonly watch: JobSetWatch;
  /** It is a map's: nothing of it is removed but by its owner's wish. */
  readonly stays: boolean;

  constructor(parts: Omit<LiveJobSet, 'archiveEnd' | 'leave' | 'close'>) {
    this.jobSet = parts.jobSet;
    this.claim = parts.claim;
    this.archive = parts.archive;
    this.files = parts.files;
    this.tracker = parts.tracker;
    this.watch = parts.watch;
    this.stays = parts.stays;
  }

  /** Notes how a call ended that has no outcome, for a process that attaches later. Never rejects: that is the less important thing. */
  async archiveEnd(call: Call): Promise<void> {
    const { index, attempts: attempt, future } = call;
    // Of a map's, it also says that an error is the last word, and that it is not tried again.
    if (call.hasOutcome && !(this.stays && future.state === 'failed')) return;
    try {
      if (future.cancelled())
        return void (await this.archive.add({
          call: index,
          attempt,
          kind: 'cancelled',
          bytes: new Uint8Array(),
        }));
      const bytes = serialize(encodeThrown(await future.exception()));
      await this.archive.add({ call: index, attempt, kind: 'failed', bytes });
    } catch {
      // It is found out once more then.
    }
  }

  /** Leaves everything as it is to a process that attaches later. */
  async leave(): Promise<void> {
    await this.watch.close();
    await this.archive.idle();
    await this.claim.release();
  }

  /** Nobody waits for its calls any more: removes it, unless files are to stay. */
  async close(): Promise<void> {
    await this.watch.close();
    await this.archive.idle();
    if (this.stays) return this.claim.release();
    // Another process has taken it over, and needs all that is there.
    if (!(await this.claim.isOurs())) return;
    const { size } = this.tracker;
    const { directory } = this.jobSet;
    if (size > 0) warn(`${size} jobs have not left the queue yet, so their files stay: ${directory}`);
    const mayGo = size === 0 && !this.files.keptAny;
    try {
      let goes = mayGo && !(await hasOutputFiles(directory));
      await this.files.finish(goes);
      // Calls that were cancelled may have sent some back, which are removed by now.
      goes ||= mayGo && !(await hasOutputFiles(directory));
      if (goes) return await this.jobSet.remove();
      await this.jobSet.note({ event: 'closed' } satisfies JournalEntry);
      await this.claim.release();
    } catch (error) {
      warn(`The job set ${directory} could not be closed: ${(error as Error).message}`);
    }
  }
}

/** What an executor does for a job set. */
export type JobSetHost = Omit<
  TrackerHost,
  'system' | 'jobSet' | 'files' | 'archive' | 'outcomeGrace' | 'otherNode' | 'lookForOutcomes'
> & {
  /** The directory is gone; its calls have failed. */
  onLost(): void;
};

/** Looks after the jobs of a job set from now on: nothing is told before the caller's next turn. */
export async function openJobSet(
  jobSet: JobSet,
  claim: Claim,
  system: BatchSystem,
  options: ResolvedOptions,
  host: JobSetHost,
): Promise<LiveJobSet> {
  const { directory } = jobSet;
  const mode = options.watch === 'auto' ? await findWatchMode(directory) : options.watch;
  const outcomeGrace = options.outcomeGrace ?? (mode === 'sweep' ? 15_000 : 1000);
  const files = new JobFiles(jobSet, options.keepFiles);
  const archive = new Archive(directory);
  const { otherNode, sweepInterval } = options;
  const lookForOutcomes = (): void => watch.sweepSoon();
  const about = { system, jobSet, files, archive, outcomeGrace, otherNode };
  const tracker = new Tracker({ ...host, ...about, lookForOutcomes });
  const lostAfter = LOST_AFTER_GRACES * outcomeGrace;
  const watch = new JobSetWatch(
    { directory, mode, sweepInterval, lostAfter, events: system.events },
    {
      onOutcome: (key) => tracker.onOutcome(key),
      onEvent: (event) => tracker.onEvent(event),
      onTick: () => tracker.onTick(),
      onLost: (error) => {
        tracker.onDirectoryLost(error);
        void watch.close();
        host.onLost();
      },
    },
  );
  const stays = options.map !== undefined;
  return new LiveJobSet({ jobSet, claim, archive, files, tracker, watch, stays });
}

function warn(message: string): void {
  process.emitWarning(message, 'CondorFuturesWarning');
}

/** The job set of an executor: made for its first submission, and made anew if its directory is lost. */
export class LazyJobSet {
  readonly #system: BatchSystem;
  readonly #options: ResolvedOptions;
  readonly #host: JobSetHost;
  #id: string;
  #opening: Promise<LiveJobSet> | undefined;
  #opened: LiveJobSet | undefined;

  constructor(system: BatchSystem, options: ResolvedOptions, host: JobSetHost, id: string = newJobSetId()) {
    this.#system = system;
    this.#options = options;
    this.#host = host;
    this.#id = id;
  }

  /** The name of its directory, which need not be there yet. */
  get id(): string {
    return this.#id;
  }

  /** Undefined before there is one. */
  get opened(): LiveJobSet | undefined {
    return this.#opened;
  }

  /** @throws {DirectoryError} if there can be none; the next time it may have been repaired */
  async open(): Promise<LiveJobSet> {
    this.#opening ??= this.#make();
    try {
      this.#opened = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    return this.#opened;
  }

  /** Goes on with one that another process made. */
  async takeUp(jobSet: JobSet, claim: Claim): Promise<LiveJobSet> {
    this.#id = jobSet.id;
    this.#opening = this.#work(jobSet, claim);
    this.#opened = await this.#opening;
    return this.#opened;
  }

  async #make(): Promise<LiveJobSet> {
    const { jobSet, claim } = await makeJobSet(this.#system, this.#options, this.#id);
    return this.#work(jobSet, claim);
  }

  async #work(jobSet: JobSet, claim: Claim): Promise<LiveJobSet> {
    return openJobSet(jobSet, claim, this.#system, this.#options, {
      ...this.#host,
      onLost: () => {
        // Calls to come get a job set of their own.
        this.#opening = undefined;
        this.#id = newJobSetId();
        this.#host.onLost();
      },
    });
  }
}

/** lib/ and dist/ lie side by side: jobs run the compiled runner, also those of a program that runs the sources. */
const COMPILED = join(import.meta.dirname, '..', '..', 'dist');
const RUNNER = { runner: join(COMPILED, 'runner.cjs'), code: join(COMPILED, CODE_FILE) };

/**
 * Makes the job set of an executor, which looks after it.
 * @throws {DirectoryError} {@link DeliveryError}
 */
export async function makeJobSet(
  system: BatchSystem,
  options: ResolvedOptions,
  id: string,
): Promise<{ jobSet: JobSet; claim: Claim }> {
  const { name, queue, jobVariables } = system;
  const { directory, filesystem, setup, execArgv, submit, keepFiles, map } = options;
  const delivered = await deliveredBy(system, options);
  const variables = { ...delivered.environment, ...options.environment };
  const { node } = delivered;
  const runner = {
    ...RUNNER,
    node,
    execArgv,
    environment: { variables, system: jobVariables },
    setup: [...setup, ...gatherLines(directory, delivered.files), ...delivered.setup],
    transfers: filesystem === 'transfer',
  };
  const { name: method } = options.delivery ?? {};
  const delivery =
    method === undefined ? undefined : { method, submit: delivered.submit, files: delivered.files };
  const header = {
    system: name,
    queue,
    filesystem,
    node,
    execArgv,
    setup,
    submit,
    keepFiles,
    delivery,
    ...(map && { map }),
  };
  const jobSet = await JobSet.create(directory, runner, header, id);
  jobSet.submit = delivered.submit;
  jobSet.brings = delivered.files;
  try {
    return { jobSet, claim: await Claim.take(jobSet.directory) };
  } catch (error) {
    // The next submission makes it anew.
    await jobSet.remove().catch(() => {});
    throw error;
  }
}
