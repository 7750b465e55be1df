import type { ClassAd } from '../../base/class-ad.ts';
import { CommandError } from '../../base/errors.ts';
import { MEBIBYTE } from '../../base/memory.ts';
import type { JobEvent } from '../batch-system.ts';
import type { CommandOutput } from '../run-command.ts';
import { isPolicy, isRequestedHold } from './event-log.ts';
import type { Factories } from './late-materialization.ts';

/** Maximum number of job ids on one command line. */
const IDS_PER_COMMAND = 2000;

type Command = 'condor_q' | 'condor_history';

/** Queries about jobs: condor_q first, then condor_history for those that have left the queue. */
export class JobQueries {
  readonly #run: (command: Command, args: readonly string[]) => Promise<CommandOutput>;
  readonly #factories: Factories;

  constructor(
    run: (command: Command, args: readonly string[]) => Promise<CommandOutput>,
    factories: Factories,
  ) {
    this.#run = run;
    this.#factories = factories;
  }

  /** @throws {CommandError} if one of the two gives no answer */
  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const clusters = new Set(jobIds.map((id) => id.split('.')[0] ?? id));
    const queued = await this.#list('condor_q', [...clusters], statusArguments, parseQueueListing);
    this.#factories.onQueued([...queued.keys()]);
    const late = await this.#factories.status(jobIds.filter((id) => !queued.has(id)));
    return this.#addEnded(jobIds, new Map([...queued, ...late]), async (missing) =>
      this.#list('condor_history', missing, statusArguments, parseQueueListing),
    );
  }

  /** @throws {CommandError} if one of the two gives no answer */
  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const found = await this.#list('condor_q', jobIds, queueArguments, parseClassAds);
    return this.#addEnded(jobIds, found, async (missing) =>
      this.#list('condor_history', missing, historyArguments, parseClassAds),
    );
  }

  async #addEnded<T>(
    jobIds: readonly string[],
    found: Map<string, T>,
    ask: (missing: readonly string[]) => Promise<Map<string, T>>,
  ): Promise<Map<string, T>> {
    const missing = jobIds.filter((id) => !found.has(id));
    const ended = missing.length === 0 ? [] : await ask(missing).catch(noneWithoutHistory);
    return new Map([...ended, ...found]);
  }

  async #list<T>(
    command: Command,
    ids: readonly string[],
    argumentsFor: (ids: readonly string[]) => readonly string[],
    parse: (listing: string) => Map<string, T>,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    for (const some of idSlices(ids)) {
      const { stdout } = await this.#run(command, argumentsFor(some));
      for (const [id, entry] of parse(stdout)) found.set(id, entry);
    }
    return found;
  }
}

/** Divides ids into lists that fit on one command line each. */
export function idSlices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_PER_COMMAND);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}

function statusArguments(ids: readonly string[]): string[] {
  return ['-json', '-attributes', LISTED_ATTRIBUTES.join(','), ...ids];
}

function queueArguments(ids: readonly string[]): string[] {
  return ['-json', '-constraint', jobConstraint(ids)];
}

function historyArguments(ids: readonly string[]): string[] {
  return ['-json', '-match', String(ids.length), ...ids];
}

/**
 * Handles an error of condor_history: without a history file the answer is empty; other errors are thrown
 * again.
 */
function noneWithoutHistory(error: unknown): [] {
  if (error instanceof CommandError && /\bHISTORY is (unset|not defined)/.test(error.stderr)) return [];
  throw error;
}

/** Attributes that {@link parseQueueListing} reads. */
export const LISTED_ATTRIBUTES: readonly string[] = [
  'ClusterId',
  'ProcId',
  'JobStatus',
  'HoldReason',
  'HoldReasonCode',
  'HoldReasonSubCode',
  'RemoveReason',
  'ExitCode',
  'ExitBySignal',
  'ExitSignal',
  'RemoteHost',
  'MemoryUsage',
  'RequestMemory',
];

/**
 * Parses the output of `condor_q -json` or `condor_history -json` to the present states of jobs, as events by
 * job id.
 * @throws {SyntaxError} if it is no listing; empty output means no jobs
 */
export function parseQueueListing(listing: string): Map<string, JobEvent> {
  return new Map(
    [...parseClassAds(listing)].map(([jobId, ad]) => [jobId, { ...eventOf(jobId, ad), ...memoryOf(ad) }]),
  );
}

/**
 * Parses the output of `condor_q -json` or `condor_history -json` to ClassAds by job id.
 * @throws {SyntaxError} if it is no listing; empty output means no jobs
 */
export function parseClassAds(listing: string): Map<string, ClassAd> {
  if (listing.trim() === '') return new Map();
  const ads = JSON.parse(listing) as ClassAd[];
  if (!Array.isArray(ads))
    throw new SyntaxError(`Expected a list of job ClassAds, got: ${listing.slice(0, 100)}`);
  return new Map(ads.map((ad) => [`${String(ad['ClusterId'])}.${String(ad['ProcId'])}`, ad]));
}

/** The event for a job's JobStatus: HTCondor manual, "Job ClassAd Attributes". */
function eventOf(jobId: string, ad: ClassAd): JobEvent {
  switch (ad['JobStatus']) {
    case 2: // running
    case 6: // transferring output
      return { jobId, kind: 'running', host: text(ad['RemoteHost'])?.split('@').at(-1) };
    case 7:
      return { jobId, kind: 'suspended' };
    case 3: {
      const reason = text(ad['RemoveReason']) ?? 'no reason was given';
      return { jobId, kind: 'removed', reason, byPolicy: isPolicy(reason) };
    }
    case 4:
      return ad['ExitBySignal'] === true
        ? { jobId, kind: 'ended', signal: number(ad['ExitSignal']) }
        : { jobId, kind: 'ended', exitCode: number(ad['ExitCode']) };
    case 5: {
      const [code, subCode] = [number(ad['HoldReasonCode']), number(ad['HoldReasonSubCode'])];
      const reason = text(ad['HoldReason']) ?? 'no reason was given';
      const requested = isRequestedHold(code, subCode) ? { requested: true } : {};
      return { jobId, kind: 'held', reason, code, subCode, ...requested };
    }
    default: // 1, idle
      return { jobId, kind: 'queued' };
  }
}

/** Both attributes are in MiB, and expressions (printed as text) until the memory was measured. */
function memoryOf(ad: ClassAd): Pick<JobEvent, 'memoryUsed' | 'memoryRequested'> {
  const used = number(ad['MemoryUsage']);
  const requested = number(ad['RequestMemory']);
  return {
    ...(used === undefined ? {} : { memoryUsed: used * MEBIBYTE }),
    ...(requested === undefined ? {} : { memoryRequested: requested * MEBIBYTE }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/**
 * A constraint that is true for these jobs. Consecutive procs become one range, because the schedd evaluates
 * the constraint for each of its jobs, which takes long with thousands of ids.
 */
export function jobConstraint(jobIds: readonly string[]): string {
  const procs = new Map<string, number[]>();
  for (const id of jobIds) {
    const [cluster = '', proc] = id.split('.');
    const numbers = procs.get(cluster) ?? [];
    numbers.push(Number(proc));
    procs.set(cluster, numbers);
  }
  return [...procs]
    .map(([cluster, numbers]) => `ClusterId == ${cluster} && (${procRanges(numbers).join(' || ')})`)
    .map((constraint) => (procs.size === 1 ? constraint : `(${constraint})`))
    .join(' || ');
}

function procRanges(procs: readonly number[]): string[] {
  const sorted = procs.toSorted((a, b) => a - b);
  const ranges: { first: number; last: number }[] = [];
  for (const proc of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && proc <= range.last + 1) range.last = proc;
    else ranges.push({ first: proc, last: proc });
  }
  return ranges.map(({ first, last }) =>
    first === last ? `ProcId == ${first}` : `ProcId >= ${first} && ProcId <= ${last}`,
  );
}
