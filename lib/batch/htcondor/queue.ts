import type { ClassAd } from '../../base/class-ad.ts';
import { CommandError } from '../../base/errors.ts';
import { MEBIBYTE } from '../../base/memory.ts';
import type { JobEvent, LostJob } from '../batch-system.ts';
import { ID_GIVEN_AGAIN } from '../job-life.ts';
import type { CommandOutput } from '../run-command.ts';
import { isPolicy, isRequestedHold } from './event-log.ts';
import type { Factories } from './late-materialization.ts';
import { jobSetConstraint } from './submit-description.ts';

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
  async status(
    jobIds: readonly string[],
    jobSetId: string | undefined,
  ): Promise<Map<string, JobEvent | LostJob>> {
    const clusters = new Set(jobIds.map((id) => id.split('.')[0] ?? id));
    const listed = await this.#list('condor_q', [...clusters], statusArguments);
    const isOurs = ([, ad]: [string, ClassAd]): boolean =>
      jobSetId === undefined || ad['CondorFuturesJobSet'] === jobSetId;
    const queued = eventsOf([...listed].filter(isOurs));
    this.#factories.onQueued([...queued.keys()]);
    const others = jobIds.filter((id) => listed.has(id) && !queued.has(id));
    const unlisted = jobIds.filter((id) => !listed.has(id));
    const known = new Map([...queued, ...(await this.#factories.status(unlisted))]);
    const ended = await this.#listEnded(jobIds, known, (ids) => statusArguments(whichJobs(ids, jobSetId)));
    const lost = others.map((jobId) => [jobId, { kind: 'lost', jobId, reason: ID_GIVEN_AGAIN }] as const);
    return new Map<string, JobEvent | LostJob>([...lost, ...eventsOf(ended), ...known]);
  }

  /** @throws {CommandError} if one of the two gives no answer */
  async describe(jobIds: readonly string[], jobSetId: string | undefined): Promise<Map<string, ClassAd>> {
    const found = await this.#list('condor_q', jobIds, (ids) => ['-json', ...constraint(ids, jobSetId)]);
    const ended = await this.#listEnded(jobIds, found, (ids) => [
      '-json',
      '-match',
      String(ids.length),
      ...whichJobs(ids, jobSetId),
    ]);
    return new Map([...ended, ...found]);
  }

  /** The jobs that are in the queue, and of the job set. @throws {CommandError} */
  async findQueued(jobIds: readonly string[], jobSetId: string): Promise<Set<string>> {
    const attributes = ['-json', '-attributes', 'ClusterId,ProcId'];
    const listed = await this.#list('condor_q', jobIds, (ids) => [
      ...attributes,
      ...constraint(ids, jobSetId),
    ]);
    return new Set(listed.keys());
  }

  async #listEnded(
    jobIds: readonly string[],
    known: ReadonlyMap<string, unknown>,
    argumentsFor: (ids: readonly string[]) => readonly string[],
  ): Promise<Map<string, ClassAd>> {
    const missing = jobIds.filter((id) => !known.has(id));
    return this.#list('condor_history', missing, argumentsFor).catch(noneWithoutHistory);
  }

  async #list(
    command: Command,
    ids: readonly string[],
    argumentsFor: (ids: readonly string[]) => readonly string[],
  ): Promise<Map<string, ClassAd>> {
    const found = new Map<string, ClassAd>();
    for (const some of idSlices(ids)) {
      const { stdout } = await this.#run(command, argumentsFor(some));
      for (const [id, ad] of parseClassAds(stdout)) found.set(id, ad);
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

function statusArguments(which: readonly string[]): string[] {
  return ['-json', '-attributes', LISTED_ATTRIBUTES.join(','), ...which];
}

function constraint(ids: readonly string[], jobSetId: string | undefined): string[] {
  return ['-constraint', jobConstraint(ids, jobSetId)];
}

/** Arguments that select jobs: their ids, or a constraint if they must be of a job set. */
export function whichJobs(ids: readonly string[], jobSetId: string | undefined): readonly string[] {
  return jobSetId === undefined ? ids : constraint(ids, jobSetId);
}

/**
 * Handles an error of condor_history: without a history file the answer is empty; other errors are thrown
 * again.
 */
function noneWithoutHistory(error: unknown): Map<string, ClassAd> {
  if (error instanceof CommandError && /\bHISTORY is (unset|not defined)/.test(error.stderr))
    return new Map();
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
  'CondorFuturesJobSet',
];

/**
 * Parses the output of `condor_q -json` or `condor_history -json` to the present states of jobs, as events by
 * job id.
 * @throws {SyntaxError} if it is no listing; empty output means no jobs
 */
export function parseQueueListing(listing: string): Map<string, JobEvent> {
  return eventsOf(parseClassAds(listing));
}

function eventsOf(ads: Iterable<[string, ClassAd]>): Map<string, JobEvent> {
  return new Map([...ads].map(([jobId, ad]) => [jobId, { ...eventOf(jobId, ad), ...memoryOf(ad) }]));
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
 * A constraint that is true for these jobs, if they are of the job set. Consecutive procs become one range, because the schedd evaluates
 * the constraint for each of its jobs, which takes long with thousands of ids.
 */
export function jobConstraint(jobIds: readonly string[], jobSetId?: string): string {
  const procs = new Map<string, number[]>();
  for (const id of jobIds) {
    const [cluster = '', proc] = id.split('.');
    const numbers = procs.get(cluster) ?? [];
    numbers.push(Number(proc));
    procs.set(cluster, numbers);
  }
  const jobs = [...procs]
    .map(([cluster, numbers]) => `ClusterId == ${cluster} && (${procRanges(numbers).join(' || ')})`)
    .map((ofCluster) => (procs.size === 1 ? ofCluster : `(${ofCluster})`))
    .join(' || ');
  return jobSetId === undefined ? jobs : `${jobSetConstraint(jobSetId)} && (${jobs})`;
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
