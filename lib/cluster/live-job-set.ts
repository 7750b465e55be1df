import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { serialize } from 'node:v8';
import { DeliveryError } from '../base/errors.ts';
import { warn } from '../base/warn.ts';
import type { BatchSystem } from '../batch/batch-system.ts';
import { deliveredBy } from '../delivery/deliver.ts';
import { Archive } from '../job-set/archive.ts';
import { hasOutputFiles } from '../job-set/call-outputs.ts';
import { Claim } from '../job-set/claim.ts';
import { gatherLines } from '../job-set/job-script.ts';
import { JobSet } from '../job-set/job-set.ts';
import type { JournalEntry } from '../job-set/journal.ts';
import { CODE_FILE, eventLogFile, newJobSetId } from '../job-set/names.ts';
import { VERSION } from '../payload/format.ts';
import { encodeThrown } from '../payload/thrown-values.ts';
import { EventLogFollower } from '../watch/event-log-follower.ts';
import { JobSetReader } from '../watch/job-set-reader.ts';
import { findGraces, JobSetWatch } from '../watch/job-set-watch.ts';
import type { Call } from './calls/call.ts';
import type { Calls } from './calls/calls.ts';
import type { ResolvedOptions } from './cluster-options.ts';
import { JobFiles } from './job-files.ts';
import type { Submissions } from './submit/submissions.ts';
import { Tracker, type TrackerHost } from './track/tracker.ts';

/** A job set in use, with the objects that track its jobs. */
export class LiveJobSet {
  readonly jobSet: JobSet;
  readonly claim: Claim;
  readonly archive: Archive;
  readonly files: JobFiles;
  readonly tracker: Tracker;
  readonly watch: JobSetWatch;
  /** The records of its calls, if it belongs to a map, which is only removed on request. */
  readonly reader: JobSetReader | undefined;

  constructor(parts: Omit<LiveJobSet, 'archiveEnd' | 'leave' | 'close'>) {
    this.jobSet = parts.jobSet;
    this.claim = parts.claim;
    this.archive = parts.archive;
    this.files = parts.files;
    this.tracker = parts.tracker;
    this.watch = parts.watch;
    this.reader = parts.reader;
  }

  /** Archives the end of a call without an outcome, for a process that attaches later. Never rejects. */
  async archiveEnd(call: Call): Promise<void> {
    const { index, attempts: attempt, future } = call;
    // For a map, it also records that an error is final, because the call is not retried.
    if (call.hasOutcome && !(this.reader !== undefined && future.state === 'failed')) return;
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
      // A process that attaches determines it again.
    }
  }

  /** Stops all work and leaves the files to a process that attaches later. */
  async leave(): Promise<void> {
    await this.watch.close();
    await this.archive.idle();
    await this.claim.release();
  }

  /** Deletes the job set when all its calls are done, unless files must stay. */
  async close(): Promise<void> {
    await this.watch.close();
    await this.archive.idle();
    if (this.reader !== undefined) return this.claim.release();
    // Another process has taken it over and needs all its files.
    if (!(await this.claim.isOurs())) return;
    const { size } = this.tracker;
    const { directory } = this.jobSet;
    if (size > 0) warn(`${size} jobs have not left the queue yet, so their files stay: ${directory}`);
    const isDeletable = size === 0 && !this.files.hasKeptFiles;
    try {
      let isDeleted = isDeletable && !(await hasOutputFiles(directory));
      await this.files.finish(isDeleted);
      // Output files of cancelled calls have been deleted by now.
      isDeleted ||= isDeletable && !(await hasOutputFiles(directory));
      if (isDeleted) return await this.jobSet.remove();
      await this.jobSet.note({ event: 'closed' } satisfies JournalEntry);
      await this.claim.release();
    } catch (error) {
      warn(`The job set ${directory} could not be closed: ${(error as Error).message}`);
    }
  }
}

/** Internals of an executor, for those who work on all of its calls. */
export interface ExecutorInternals {
  readonly system: BatchSystem;
  readonly options: ResolvedOptions;
  readonly calls: Calls;
  readonly submissions: Submissions;
  readonly own: LazyJobSet;
  /** Counts a call as pending. */
  readonly add: (call: Call) => Call;
}

/**
 * Starts to track the jobs of a job set. The host is not called before the caller's next turn of the event
 * loop.
 * @param known reads the job set already, if it belongs to a map
 */
async function startLiveJobSet(
  jobSet: JobSet,
  claim: Claim,
  system: BatchSystem,
  options: ResolvedOptions,
  host: TrackerHost,
  known?: JobSetReader,
): Promise<LiveJobSet> {
  const { directory } = jobSet;
  const { mode, outcomeGrace, lostAfter } = await findGraces(directory, options);
  const files = new JobFiles(jobSet, options.keepFiles);
  const archive = new Archive(directory);
  const { events } = system;
  known?.follow(system);
  const reader = known ?? (options.map && new JobSetReader(jobSet, system, options, false));
  const follower =
    reader?.follower ??
    (events.kind === 'log' ? new EventLogFollower(eventLogFile(directory), events.parse) : undefined);
  const { otherNode, sweepInterval } = options;
  const lookForOutcomes = (): void => watch.sweepSoon();
  const calls = reader?.calls;
  const tracked = { system, jobSet, files, archive, outcomeGrace, otherNode, calls, lookForOutcomes };
  const tracker = new Tracker(tracked, host);
  const watch = new JobSetWatch(
    { directory, mode, sweepInterval, lostAfter, events, follower },
    {
      onOutcome: (key) => tracker.onOutcome(key),
      onEvent: (event) => tracker.onEvent(event),
      onTick: () => {
        tracker.onTick();
        reader?.readJournal().catch(() => {});
      },
      onLost: (error) => {
        tracker.onDirectoryLost(error);
        void watch.close();
        host.onLost();
      },
    },
  );
  return new LiveJobSet({ jobSet, claim, archive, files, tracker, watch, reader });
}

/** The job set of an executor, created for its first submission, and again if its directory is deleted. */
export class LazyJobSet {
  readonly #system: BatchSystem;
  readonly #options: ResolvedOptions;
  readonly #host: TrackerHost;
  #id: string;
  #opening: Promise<LiveJobSet> | undefined;
  #opened: LiveJobSet | undefined;

  constructor(system: BatchSystem, options: ResolvedOptions, host: TrackerHost, id: string = newJobSetId()) {
    this.#system = system;
    this.#options = options;
    this.#host = host;
    this.#id = id;
  }

  /** Name of its directory, which may not exist yet. */
  get id(): string {
    return this.#id;
  }

  /** Undefined before {@link open} has resolved. */
  get opened(): LiveJobSet | undefined {
    return this.#opened;
  }

  /** @throws {DirectoryError} if it cannot be created; a later call tries again */
  async open(): Promise<LiveJobSet> {
    this.#opening ??= this.#create();
    try {
      this.#opened = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    return this.#opened;
  }

  /** Uses a job set that another process created. @param reader as of {@link startLiveJobSet} */
  async takeUp(jobSet: JobSet, claim: Claim, reader?: JobSetReader): Promise<LiveJobSet> {
    this.#id = jobSet.id;
    this.#opening = this.#start(jobSet, claim, reader);
    this.#opened = await this.#opening;
    return this.#opened;
  }

  async #create(): Promise<LiveJobSet> {
    const { jobSet, claim } = await createJobSet(this.#system, this.#options, this.#id);
    return this.#start(jobSet, claim);
  }

  async #start(jobSet: JobSet, claim: Claim, reader?: JobSetReader): Promise<LiveJobSet> {
    const onLost = (): void => {
      // Later calls get a new job set.
      this.#opening = undefined;
      this.#id = newJobSetId();
      this.#host.onLost();
    };
    const host = { ...this.#host, onLost };
    return startLiveJobSet(jobSet, claim, this.#system, this.#options, host, reader);
  }
}

/**
 * Finds the compiled runner: beside this file, whether that is in dist/ or in lib/; or, if a bundler has put
 * this file into the program, in the package as it is installed for the program.
 * @throws {DeliveryError} if it is not there
 */
function findRunner(delivery: string): { readonly runner: string; readonly code: string } {
  const ownFile = (import.meta.filename as string | undefined) ?? commonJsFile() ?? process.argv[1];
  const file = resolve(ownFile ?? 'program');
  const directories = [join(dirname(file), '..', '..'), installedFor(file), installedFor(resolve('program'))];
  for (const directory of directories) {
    if (directory === undefined || !isOurs(directory)) continue;
    const compiled = join(directory, 'dist');
    return { runner: join(compiled, 'runner.cjs'), code: join(compiled, CODE_FILE) };
  }
  throw new DeliveryError(
    delivery,
    `needs files of condor-futures ${VERSION} that are not there: its code was bundled into ${file}. ` +
      'Remedy: leave condor-futures out of the bundle (for esbuild `--external:condor-futures`), or install that version where the bundle can import it',
  );
}

/** The file of this code if a bundler has compiled it to CommonJS. */
function commonJsFile(): string | undefined {
  return typeof __filename === 'string' ? __filename : undefined;
}

function installedFor(file: string): string | undefined {
  try {
    return dirname(createRequire(file).resolve('condor-futures/package.json'));
  } catch {
    return undefined;
  }
}

function isOurs(directory: string): boolean {
  try {
    const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      readonly name?: unknown;
      readonly version?: unknown;
    };
    return name === 'condor-futures' && version === VERSION;
  } catch {
    return false;
  }
}

/**
 * Creates and claims the job set of an executor.
 * @throws {DirectoryError} {@link DeliveryError}
 */
async function createJobSet(
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
    ...findRunner(options.delivery?.name ?? 'shared'),
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
    // The next submission creates it again.
    await jobSet.remove().catch(() => {});
    throw error;
  }
}
