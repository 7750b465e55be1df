import PQueue from 'p-queue';
import type { ClassAd } from '../../base/class-ad.ts';
import { CommandError, SubmitError } from '../../base/errors.ts';
import type {
  AvoidedHost,
  BatchSystem,
  EventSource,
  JobAction,
  JobBatch,
  JobEvent,
  JobPlace,
  JobSetRemoval,
  ParsedEvents,
  SubmittedBatch,
} from '../batch-system.ts';
import {
  COMMAND_TIMEOUT_MS,
  type CommandOptions,
  type CommandOutput,
  patiently,
  runCommand,
} from '../run-command.ts';
import { optionsOfJob, type SubmitOptions } from '../submit-options.ts';
import {
  commandOf,
  editJobs,
  HTCondorJobSetRemoval,
  parseRefusals,
  saysGone,
  trimAnalysis,
} from './actions.ts';
import { canVary } from './itemdata.ts';
import { KeptClaims, type KeptClaimsOptions } from './kept-claims.ts';
import { Factories, isLate } from './late-materialization.ts';
import { idSlices, JobQueries } from './queue.ts';
import { findSubmitted, Submission } from './submission.ts';
import { checkDirectoryName, checkSubmitOptions } from './submit-description.ts';

/** Each analysis asks the collector for all machines of the pool. */
const ANALYSES_AT_ONCE = 2;

/** How long a schedd may be away, unless it is said: condor_master starts one that has died within seconds. */
const SUBMIT_PATIENCE_MS = 60_000;

/** How long at most the claims that are kept may delay the end. */
const RELEASE_TIMEOUT_MS = 5000;

/** Which HTCondor, as the command-line tools are told with `-pool` and `-name`, how long to wait for it, and what to ask of it. */
export interface HTCondorPlace extends KeptClaimsOptions {
  readonly pool?: string | undefined;
  readonly schedd?: string | undefined;
  readonly commandTimeout?: number | undefined;
  readonly submitPatience?: number | undefined;
  /** Whether jobs have their files transferred. */
  readonly filesystem?: 'shared' | 'transfer' | undefined;
}

/** HTCondor through its command-line tools. */
export class HTCondorSystem implements BatchSystem {
  readonly name = 'HTCondor';
  readonly queue: { readonly pool: string | undefined; readonly schedd: string | undefined };
  readonly events: EventSource = { kind: 'log', parse: (bytes) => this.#parse(bytes) };
  /** Where the job runs, which of its machine's GPUs it has, and how it speaks to its starter. */
  readonly jobVariables: RegExp =
    /^(_CONDOR_.*|BATCH_SYSTEM|CUDA_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|NVIDIA_VISIBLE_DEVICES)$/;
  /** The arguments that lead each tool to the schedd. */
  readonly #place: readonly string[];
  /** Those that lead to the central manager. */
  readonly #pool: readonly string[];
  readonly #factories = new Factories({
    list: async (args) => (await this.#run('condor_q', args)).stdout,
    remove: async (constraint) => this.#runRemove(['-constraint', constraint]),
    removeLate: (jobIds) => void this.#removeLate(jobIds),
  });
  readonly #queries = new JobQueries(async (command, args) => this.#run(command, args), this.#factories);
  readonly #analyses = new PQueue({ concurrency: ANALYSES_AT_ONCE });
  readonly jobSetRemoval: JobSetRemoval;
  readonly #given: HTCondorPlace;
  readonly #timeout: number;
  readonly #patience: number;
  readonly #claims: KeptClaims;
  /** Kills what the present submission has started last. */
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

  async submit(wanted: JobBatch, signal?: AbortSignal): Promise<string[]> {
    // Whatever way they came.
    for (let position = 0; position < (wanted.varied === undefined ? 1 : wanted.jobs.length); position += 1)
      checkSubmitOptions(optionsOfJob(wanted, position));
    const batch = { ...wanted, avoid: await this.#avoidable(wanted.avoid) };
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
      const ids = await patiently(async () => submission.attempt(), {
        longest: this.#patience,
        signal,
        mayPass: (error) => error instanceof SubmitError && error.transient,
        onFirstFailure: (error) => warnOfWaiting(this.#patience, error),
      });
      if (isLate(batch.submit)) this.#factories.add(ids);
      return ids;
    } catch (error) {
      throw await submission.giveUp(error);
    }
  }

  async find(
    batch: SubmittedBatch,
    told: readonly string[] | undefined,
    since: Date,
  ): Promise<(string | undefined)[]> {
    const ids = told === undefined ? await this.#findSubmitted(batch, since) : [...told];
    if (isLate(batch.submit)) this.#factories.add(ids);
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

  async remove(jobIds: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (const ids of idSlices(await this.#factories.unwant(jobIds)))
      await this.#runRemove(ids).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    return this.#queries.status(jobIds);
  }

  async act(action: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    if (action.kind === 'edit')
      return editJobs(async (command, args) => this.#run(command, args), action, jobIds);
    const { command, args } = commandOf(action);
    const refusals = new Map<string, string>();
    for (const ids of idSlices(jobIds)) {
      const { stderr } = await this.#run(command, [...args, ...ids]).catch((error: unknown) => {
        // It fails where it has refused all jobs.
        if (error instanceof CommandError && parseRefusals(error.stderr) !== undefined) return error;
        throw error;
      });
      for (const [id, reason] of parseRefusals(stderr) ?? []) refusals.set(id, reason);
    }
    return refusals;
  }

  async analyze(jobId: string): Promise<string | undefined> {
    const analysis = await this.#analyses.add(async () =>
      trimAnalysis((await this.#run('condor_q', ['-better-analyze', jobId])).stdout),
    );
    if (analysis !== '') return analysis;
    const event = (await this.status([jobId])).get(jobId);
    if (event?.kind === 'queued')
      return `Job ${jobId} has not come into the queue yet: max_materialize or max_idle holds it back`;
    return event && `Job ${jobId} is not in the queue any more: ${lastWords(event)}`;
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    return this.#queries.describe(jobIds);
  }

  /** Its jobs are many and seldom wait for somebody: they keep no claims. */
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

  /** Of machines to avoid, those that it can: some other machine must be left. */
  async #avoidable(avoid: readonly AvoidedHost[]): Promise<readonly AvoidedHost[]> {
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

  /** Jobs that are not wanted have come into the queue. */
  async #removeLate(jobIds: readonly string[]): Promise<void> {
    try {
      await patiently(async () => this.remove(jobIds), {
        longest: COMMAND_TIMEOUT_MS,
        mayPass: (error) => error instanceof CommandError,
      });
    } catch (error) {
      const message = `${jobIds.length} cancelled jobs could not be removed as they came into the queue (${jobIds[0]}…): ${String(error)}`;
      process.emitWarning(message, 'CondorFuturesWarning');
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

function warnOfWaiting(patience: number, error: unknown): void {
  const limit = patience === Infinity ? '' : `, for ${patience / 1000} s at the most`;
  const message = `Jobs wait to be submitted${limit}: ${(error as Error).message}`;
  process.emitWarning(message, 'CondorFuturesWarning');
}
