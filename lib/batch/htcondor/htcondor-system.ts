import PQueue from 'p-queue';
import type { ClassAd } from '../../base/class-ad.ts';
import { CommandError, SubmitError } from '../../base/errors.ts';
import { warn } from '../../base/warn.ts';
import type {
  AvoidedMachine,
  BatchSystem,
  EventSource,
  JobAction,
  JobBatch,
  JobEvent,
  JobPlace,
  JobSetRemoval,
  LostJob,
  ParsedEvents,
  SubmittedBatch,
} from '../batch-system.ts';
import {
  COMMAND_TIMEOUT_MS,
  type CommandOptions,
  type CommandOutput,
  runCommand,
  withRetries,
} from '../run-command.ts';
import { optionsOfJob, type SubmitOptions } from '../submit-options.ts';
import {
  commandFor,
  editJobs,
  HTCondorJobSetRemoval,
  NOT_QUEUED,
  parseRefusals,
  saysGone,
  trimAnalysis,
} from './actions.ts';
import { canVary, isLate } from './itemdata.ts';
import { KeptClaims, type KeptClaimsOptions } from './kept-claims.ts';
import { Factories } from './late-materialization.ts';
import { idSlices, JobQueries, whichJobs } from './queue.ts';
import { findSubmitted, Submission } from './submission.ts';
import { checkDirectoryName, checkSubmitOptions } from './submit-description.ts';

/** Limited, because each analysis asks the collector for all machines of the pool. */
const ANALYSES_AT_ONCE = 2;

/** Default of `submitPatience`; condor_master restarts a dead schedd within seconds. */
const SUBMIT_PATIENCE_MS = 60_000;

/** Maximum time for which the release of kept claims may delay the end. */
const RELEASE_TIMEOUT_MS = 5000;

/** Pool and schedd (the tools' `-pool` and `-name`), how long to wait for them, and how to use them. */
export interface HTCondorPlace extends KeptClaimsOptions {
  readonly pool?: string | undefined;
  readonly schedd?: string | undefined;
  readonly commandTimeout?: number | undefined;
  readonly submitPatience?: number | undefined;
  /** Whether jobs share the file system, or have their files transferred. */
  readonly filesystem?: 'shared' | 'transfer' | undefined;
}

/** HTCondor through its command-line tools. */
export class HTCondorSystem implements BatchSystem {
  readonly name = 'HTCondor';
  readonly queue: { readonly pool: string | undefined; readonly schedd: string | undefined };
  readonly events: EventSource = { kind: 'log', parse: (bytes) => this.#parse(bytes) };
  /** Variables for the job's machine and GPUs, and for the communication with its starter. */
  readonly jobVariables: RegExp =
    /^(_CONDOR_.*|BATCH_SYSTEM|CUDA_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|NVIDIA_VISIBLE_DEVICES)$/;
  /** Arguments of all tools that select the schedd. */
  readonly #place: readonly string[];
  /** Arguments that select the central manager. */
  readonly #pool: readonly string[];
  readonly #factories = new Factories({
    list: async (args) => (await this.#run('condor_q', args)).stdout,
    remove: async (constraint) => this.#runRemove(['-constraint', constraint]),
    removeLate: (jobIds, jobSetId) => void this.#removeLate(jobIds, jobSetId),
  });
  readonly #queries = new JobQueries(async (command, args) => this.#run(command, args), this.#factories);
  readonly #analyses = new PQueue({ concurrency: ANALYSES_AT_ONCE });
  readonly jobSetRemoval: JobSetRemoval;
  readonly #given: HTCondorPlace;
  readonly #timeout: number;
  readonly #patience: number;
  readonly #claims: KeptClaims;
  /** Kills the last command that the present submission has started. */
  #endSubmission: () => void = () => {};

  constructor(place: HTCondorPlace) {
    const { pool, schedd, commandTimeout, submitPatience } = place;
    this.#given = place;
    this.queue = { pool, schedd };
    this.#timeout = commandTimeout ?? COMMAND_TIMEOUT_MS;
    this.#patience = submitPatience ?? SUBMIT_PATIENCE_MS;
    this.#pool = pool === undefined ? [] : ['-pool', pool];
    this.#place = [...this.#pool, ...(schedd === undefined ? [] : ['-name', schedd])];
    this.jobSetRemoval = new HTCondorJobSetRemoval(this.#place, this.#timeout, () => this.#endSubmission());
    const timeout = Math.min(this.#timeout, RELEASE_TIMEOUT_MS);
    this.#claims = new KeptClaims(place, {
      submit: async (input) => this.#run('condor_submit', ['-terse'], { input, timeout }),
      reschedule: async () => this.#run('condor_reschedule', [], { timeout }),
    });
  }

  checkSubmitOptions(submit: SubmitOptions): void {
    checkSubmitOptions(submit, this.#given.filesystem === 'transfer');
  }

  checkPlace({ directory, cwd }: JobPlace): void {
    checkDirectoryName('directory', directory);
    checkDirectoryName('the current directory', cwd);
  }

  async submit(given: JobBatch, signal?: AbortSignal): Promise<string[]> {
    // Checked here for all sources of options.
    for (let position = 0; position < (given.varied === undefined ? 1 : given.jobs.length); position += 1)
      checkSubmitOptions(optionsOfJob(given, position));
    const batch = { ...given, avoid: await this.#avoidable(given.avoid) };
    return this.#claims.during(batch, async (keep) =>
      this.#submit({ ...batch, submit: { ...keep, ...batch.submit } }, signal),
    );
  }

  async #submit(batch: JobBatch, signal: AbortSignal | undefined): Promise<string[]> {
    const onStart = (kill: () => void): void => void (this.#endSubmission = kill);
    const submission = new Submission(batch, {
      run: async (command, args, input) => this.#run(command, args, { input, onStart }),
      remove: async (constraint) => this.#runRemove(['-constraint', constraint]),
    });
    try {
      const ids = await withRetries(async () => submission.attempt(), {
        maxTime: this.#patience,
        signal,
        mayPass: (error) => error instanceof SubmitError && error.transient,
        onFirstFailure: (error) => warnOfRetries(this.#patience, error),
      });
      if (isLate(batch.submit)) this.#factories.add(ids, batch.jobSet.id);
      return ids;
    } catch (error) {
      throw await submission.giveUp(error);
    }
  }

  async find(
    batch: SubmittedBatch,
    knownIds: readonly string[] | undefined,
    since: Date,
  ): Promise<(string | undefined)[]> {
    const ids = knownIds === undefined ? await this.#findSubmitted(batch, since) : [...knownIds];
    if (isLate(batch.submit)) this.#factories.add(ids, batch.jobSet.id);
    return ids;
  }

  takesAll(submit: SubmitOptions): boolean {
    return isLate(submit);
  }

  canVary(name: string, submit: SubmitOptions): boolean {
    return canVary(name, submit);
  }

  async #findSubmitted(batch: SubmittedBatch, since: Date): Promise<(string | undefined)[]> {
    const list = async (command: 'condor_q' | 'condor_history', args: readonly string[]): Promise<string> =>
      (await this.#run(command, args)).stdout;
    return findSubmitted(list, batch, since.getTime());
  }

  async remove(jobIds: readonly string[], jobSetId?: string): Promise<void> {
    const failures: unknown[] = [];
    for (const ids of idSlices(await this.#factories.unwant(jobIds)))
      await this.#runRemove(whichJobs(ids, jobSetId)).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async status(jobIds: readonly string[], jobSetId?: string): Promise<Map<string, JobEvent | LostJob>> {
    return this.#queries.status(jobIds, jobSetId);
  }

  async act(action: JobAction, jobIds: readonly string[], jobSetId?: string): Promise<Map<string, string>> {
    if (action.kind === 'edit')
      return editJobs(async (command, args) => this.#run(command, args), action, jobIds, jobSetId);
    const { command, args } = commandFor(action);
    // By their ids, because the tools tell of single jobs only if they are given these.
    const ours = jobSetId === undefined ? new Set(jobIds) : await this.#queries.findQueued(jobIds, jobSetId);
    const refusals = new Map(jobIds.filter((id) => !ours.has(id)).map((id) => [id, NOT_QUEUED]));
    for (const ids of idSlices(jobIds.filter((id) => ours.has(id)))) {
      const { stderr } = await this.#run(command, [...args, ...ids]).catch((error: unknown) => {
        // The tool fails if it refuses all jobs.
        if (error instanceof CommandError && parseRefusals(error.stderr) !== undefined) return error;
        throw error;
      });
      for (const [id, reason] of parseRefusals(stderr) ?? []) refusals.set(id, reason);
    }
    return refusals;
  }

  async analyze(jobId: string, jobSetId?: string): Promise<string | undefined> {
    const isQueued = jobSetId === undefined || (await this.#queries.findQueued([jobId], jobSetId)).has(jobId);
    const analysis = !isQueued
      ? ''
      : await this.#analyses.add(async () =>
          trimAnalysis((await this.#run('condor_q', ['-better-analyze', jobId])).stdout),
        );
    if (analysis !== '') return analysis;
    const event = (await this.status([jobId], jobSetId)).get(jobId);
    if (event?.kind === 'queued')
      return `Job ${jobId} has not come into the queue yet: max_materialize or max_idle holds it back`;
    return event && `Job ${jobId} is not in the queue any more: ${describeEnd(event)}`;
  }

  async describe(jobIds: readonly string[], jobSetId?: string): Promise<Map<string, ClassAd>> {
    return this.#queries.describe(jobIds, jobSetId);
  }

  /** Creates a system that keeps no claims, because maps have many jobs at once. */
  forMap(): HTCondorSystem {
    return new HTCondorSystem({ ...this.#given, keepClaims: 0 });
  }

  async close(): Promise<void> {
    await this.#claims.close();
  }

  #parse(bytes: Buffer): ParsedEvents {
    const parsed = this.#factories.parse(bytes);
    for (const event of parsed.events) this.#claims.onEvent(event);
    return parsed;
  }

  /** The machines to avoid that are in the pool; none if no other machine would remain. */
  async #avoidable(avoid: readonly AvoidedMachine[]): Promise<readonly AvoidedMachine[]> {
    if (avoid.length === 0) return [];
    const args = [...this.#pool, '-af', 'Machine'];
    const { stdout } = await runCommand('condor_status', args, { timeout: this.#timeout }).catch(() => ({
      stdout: '',
    }));
    const machines = new Set(stdout.split('\n').filter((line) => line !== ''));
    const known = avoid.filter(({ host }) => machines.delete(host));
    return machines.size > 0 ? known : [];
  }

  async #run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandOutput> {
    return runCommand(command, [...this.#place, ...args], { timeout: this.#timeout, ...options });
  }

  /** Removes unwanted jobs that have materialized. Never rejects. */
  async #removeLate(jobIds: readonly string[], jobSetId: string | undefined): Promise<void> {
    try {
      await withRetries(async () => this.remove(jobIds, jobSetId), {
        maxTime: COMMAND_TIMEOUT_MS,
        mayPass: (error) => error instanceof CommandError,
      });
    } catch (error) {
      const message = `${jobIds.length} cancelled jobs could not be removed as they came into the queue (${jobIds[0]}…): ${String(error)}`;
      warn(message);
    }
  }

  async #runRemove(args: readonly string[]): Promise<void> {
    try {
      await this.#run('condor_rm', args);
    } catch (error) {
      if (!(error instanceof CommandError && saysGone(error.stderr))) throw error;
    }
  }
}

/** Describes how a job that has left the queue ended, for the second half of a sentence. */
function describeEnd(event: JobEvent | LostJob): string {
  switch (event.kind) {
    case 'ended':
      return event.signal === undefined
        ? `it ended with exit code ${event.exitCode ?? 'unknown'}`
        : `it ended by signal ${event.signal}`;
    case 'removed':
      return `it was removed: ${event.reason}`;
    case 'lost':
      return event.reason ?? 'it is not known any more';
    default:
      return 'the history does not tell how it ended';
  }
}

function warnOfRetries(patience: number, error: unknown): void {
  const limit = patience === Infinity ? '' : `, for ${patience / 1000} s at the most`;
  warn(`Jobs wait to be submitted${limit}: ${(error as Error).message}`);
}
