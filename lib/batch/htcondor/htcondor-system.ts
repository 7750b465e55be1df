import PQueue from 'p-queue';
import { CommandError, CommandNotFoundError, SubmitError } from '../../errors.ts';
import type {
  AvoidedHost,
  BatchSystem,
  ClassAd,
  EventSource,
  JobAction,
  JobBatch,
  JobEvent,
  JobPlace,
  JobSetRemoval,
  SubmitOptions,
  SubmittedBatch,
} from '../batch-system.ts';
import { runCommand, type CommandOutput } from '../run-command.ts';
import { findSubmitted } from './find-submitted.ts';
import { parseEventLog } from './event-log.ts';
import { commandOf, parseRefusals, trimAnalysis } from './job-actions.ts';
import { jobConstraint } from './job-constraint.ts';
import { LISTED_ATTRIBUTES, parseClassAds, parseQueueListing } from './queue-listing.ts';
import { HTCondorJobSetRemoval } from './job-set-removal.ts';
import {
  checkDirectoryName,
  checkSubmitOptions,
  submissionConstraint,
  submitDescription,
} from './submit-description.ts';

/** How many job ids one command line takes. */
const IDS_PER_COMMAND = 2000;

/** Each analysis asks the collector for all machines of the pool. */
const ANALYSES_AT_ONCE = 2;

/** What condor_submit says when nobody answers, rather than refuses. */
const NO_SCHEDD = /address (of|for)|connect to|SECMAN|unknown host/i;

/** Which HTCondor, as the command-line tools are told with `-pool` and `-name`. */
export interface HTCondorPlace {
  readonly pool?: string | undefined;
  readonly schedd?: string | undefined;
}

/** HTCondor through its command-line tools. */
export class HTCondorSystem implements BatchSystem {
  readonly name = 'HTCondor';
  readonly events: EventSource = { kind: 'log', parse: parseEventLog };
  /** Where the job runs, which of its machine's GPUs it has, and how it speaks to its starter. */
  readonly jobVariables: RegExp =
    /^(_CONDOR_.*|BATCH_SYSTEM|CUDA_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|NVIDIA_VISIBLE_DEVICES)$/;
  /** The arguments that lead each tool to the schedd. */
  readonly #place: readonly string[];
  /** Those that lead to the central manager. */
  readonly #pool: readonly string[];
  readonly #analyses = new PQueue({ concurrency: ANALYSES_AT_ONCE });
  readonly jobSetRemoval: JobSetRemoval;
  #endSubmission: () => void = () => {};

  constructor({ pool, schedd }: HTCondorPlace) {
    this.#pool = pool === undefined ? [] : ['-pool', pool];
    this.#place = [...this.#pool, ...(schedd === undefined ? [] : ['-name', schedd])];
    this.jobSetRemoval = new HTCondorJobSetRemoval(this.#place, () => this.#endSubmission());
  }

  checkSubmitOptions(submit: SubmitOptions): void {
    checkSubmitOptions(submit);
  }

  checkPlace({ directory, cwd }: JobPlace): void {
    checkDirectoryName('directory', directory);
    checkDirectoryName('the current directory', cwd);
  }

  async submit(wanted: JobBatch): Promise<string[]> {
    const batch = { ...wanted, avoid: await this.#avoidable(wanted.avoid) };
    const output = await this.#runSubmit(batch);
    const ids = parseTerse(output.stdout);
    if (ids.length === batch.jobs.length) return ids;
    const said = (output.stdout + output.stderr).trim();
    const failure = { command: 'condor_submit', exitCode: 0, stderr: output.stderr };
    const afterwards = await this.#removeQueued(batch);
    throw new SubmitError(
      `condor_submit answered for ${ids.length} of ${batch.jobs.length} jobs: ${said}${afterwards}`,
      failure,
    );
  }

  async find(
    batch: SubmittedBatch,
    told: readonly string[] | undefined,
    since: Date,
  ): Promise<(string | undefined)[]> {
    if (told !== undefined) return [...told];
    const list = async (command: 'condor_q' | 'condor_history', args: readonly string[]): Promise<string> =>
      (await runCommand(command, [...this.#place, ...args])).stdout;
    return findSubmitted(list, batch, since.getTime());
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (const ids of slices(jobIds))
      await this.#runRemove(ids).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const clusters = new Set(jobIds.map((id) => id.split('.')[0] ?? id));
    const found = await this.#list('condor_q', [...clusters], listing, parseQueueListing);
    return this.#addEnded(jobIds, found, async (missing) =>
      this.#list('condor_history', missing, listing, parseQueueListing),
    );
  }

  async act(action: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    const { command, args } = commandOf(action);
    const refusals = new Map<string, string>();
    for (const ids of slices(jobIds)) {
      const { stderr } = await runCommand(command, [...this.#place, ...args, ...ids]).catch(
        (error: unknown) => {
          // It fails where it has refused all jobs.
          if (error instanceof CommandError && parseRefusals(error.stderr) !== undefined) return error;
          throw error;
        },
      );
      for (const [id, reason] of parseRefusals(stderr) ?? []) refusals.set(id, reason);
    }
    return refusals;
  }

  async analyze(jobId: string): Promise<string | undefined> {
    const args = [...this.#place, '-better-analyze', jobId];
    const analysis = await this.#analyses.add(async () =>
      trimAnalysis((await runCommand('condor_q', args)).stdout),
    );
    if (analysis !== '') return analysis;
    const event = (await this.status([jobId])).get(jobId);
    return event && `Job ${jobId} is not in the queue any more: ${lastWords(event)}`;
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const found = await this.#list('condor_q', jobIds, adsInQueue, parseClassAds);
    return this.#addEnded(jobIds, found, async (missing) =>
      this.#list('condor_history', missing, adsInHistory, parseClassAds),
    );
  }

  async close(): Promise<void> {}

  /** Of machines to avoid, those that it can: some other machine must be left. */
  async #avoidable(avoid: readonly AvoidedHost[]): Promise<readonly AvoidedHost[]> {
    if (avoid.length === 0) return [];
    const { stdout } = await runCommand('condor_status', [...this.#pool, '-af', 'Machine']).catch(() => ({
      stdout: '',
    }));
    const machines = new Set(stdout.split('\n').filter((line) => line !== ''));
    const known = avoid.filter(({ host }) => machines.delete(host));
    return machines.size > 0 ? known : [];
  }

  async #runSubmit(batch: JobBatch): Promise<CommandOutput> {
    try {
      const output = await runCommand('condor_submit', [...this.#place, '-terse'], {
        input: submitDescription(batch),
        onStart: (kill) => (this.#endSubmission = kill),
      });
      for (const [warning] of output.stderr.matchAll(/^WARNING: .*/gm)) {
        process.emitWarning(`condor_submit: ${warning}`, 'CondorFuturesWarning');
      }
      return output;
    } catch (error) {
      if (!(error instanceof CommandError) || error instanceof CommandNotFoundError) throw error;
      const remedy = NO_SCHEDD.test(error.stderr)
        ? '. Remedy: see with condor_q whether the schedd is up, or name another one with the option `schedd`'
        : await this.#removeQueued(batch);
      throw new SubmitError(`HTCondor took no jobs: ${error.message}${remedy}`, error, { cause: error });
    }
  }

  /**
   * Removes what a condor_submit that failed may have queued all the same, so that nothing runs for nobody.
   * @returns what to add to its error: how to remove the jobs if that failed, too
   */
  async #removeQueued(batch: JobBatch): Promise<string> {
    const constraint = submissionConstraint(batch);
    try {
      await this.#runRemove(['-constraint', constraint]);
      return '';
    } catch {
      return `. Whether it queued any is not known; to remove them: condor_rm -constraint '${constraint}'`;
    }
  }

  async #runRemove(args: readonly string[]): Promise<void> {
    try {
      await runCommand('condor_rm', [...this.#place, ...args]);
    } catch (error) {
      // Of jobs that have left the queue it says that it could not find them.
      if (!(error instanceof CommandError && /not found|couldn't find/i.test(error.stderr))) throw error;
    }
  }

  /** What the queue says of jobs, and the history of those that have left it. */
  async #addEnded<T>(
    jobIds: readonly string[],
    found: Map<string, T>,
    ask: (missing: readonly string[]) => Promise<Map<string, T>>,
  ): Promise<Map<string, T>> {
    const missing = jobIds.filter((id) => !found.has(id));
    // A pool without a history file has nothing to say about jobs that have left the queue.
    const ended = missing.length === 0 ? [] : await ask(missing).catch(() => []);
    return new Map([...ended, ...found]);
  }

  async #list<T>(
    command: 'condor_q' | 'condor_history',
    ids: readonly string[],
    argumentsFor: (ids: readonly string[]) => readonly string[],
    parse: (listing: string) => Map<string, T>,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    for (const some of slices(ids)) {
      const { stdout } = await runCommand(command, [...this.#place, ...argumentsFor(some)]);
      for (const [id, entry] of parse(stdout)) found.set(id, entry);
    }
    return found;
  }
}

function listing(ids: readonly string[]): string[] {
  return ['-json', '-attributes', LISTED_ATTRIBUTES.join(','), ...ids];
}

function adsInQueue(ids: readonly string[]): string[] {
  return ['-json', '-constraint', jobConstraint(ids)];
}

function adsInHistory(ids: readonly string[]): string[] {
  return ['-json', '-match', String(ids.length), ...ids];
}

/** How a job that is not in the queue has ended, in a sentence's second half. */
function lastWords(event: JobEvent): string {
  switch (event.kind) {
    case 'ended':
      return event.signal === undefined
        ? `it ended with exit code ${event.exitCode ?? 'unknown'}`
        : `it ended by signal ${event.signal}`;
    case 'removed':
      return `it was removed: ${event.reason}`;
    default:
      return 'the history does not tell how it ended';
  }
}

/** The ids that `condor_submit -terse` prints as ranges, one for each cluster: `12.0 - 12.99`. */
export function parseTerse(text: string): string[] {
  return [...text.matchAll(/^(\d+)\.(\d+) - \1\.(\d+)\s*$/gm)].flatMap(([, cluster, first, last]) =>
    Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, index) => `${cluster}.${Number(first) + index}`,
    ),
  );
}

function slices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_PER_COMMAND);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}
