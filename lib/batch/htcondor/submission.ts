import { CommandError, CommandNotFoundError, SubmitError } from '../../base/errors.ts';
import type { JobBatch, SubmittedBatch } from '../batch-system.ts';
import type { CommandOutput } from '../run-command.ts';
import { factoryQuery, isLate, parseFactoryAds } from './late-materialization.ts';
import { parseClassAds } from './queue.ts';
import { submissionConstraint, submitDescription } from './submit-description.ts';

/** What condor_submit says when it has not even got through to a schedd: certainly nothing is queued. */
const NO_SCHEDD = /address (of|for)|connect to|unknown host/i;
/** Waiting does not mend a wrong name, nor a schedd that knows the user and does not want them. */
const NO_USE_WAITING = /unknown host|AUTHENTICATE|DENIED/i;
/** What it says when it loses a schedd that it had: it may have queued the jobs by then. */
const LOST_SCHEDD = /SECMAN|CEDAR|connection|commit|queue manager|Failed submission for job \d+\.-1 /i;

/** What it, or the schedd, says of more jobs than its administrators allow in one submission; or in the queue, together with others. */
const LIMITS = {
  submission: /SUBMIT_MAX_PROCS_IN_CLUSTER|MAX_JOBS_PER_SUBMISSION/,
  queue: /MAX_JOBS_PER_OWNER|MAX_JOBS_SUBMITTED/,
};

/** How a submission reaches HTCondor. */
export interface SubmissionTools {
  run(command: string, args: readonly string[], input?: string): Promise<CommandOutput>;
  /** Removes the jobs of a constraint. */
  remove(constraint: string): Promise<void>;
}

/**
 * One batch on its way into the queue, exactly once: where a condor_submit ended without a clear answer, the queue is asked for its
 * jobs before anything else is tried.
 */
export class Submission {
  readonly #batch: JobBatch;
  readonly #tools: SubmissionTools;
  readonly #begun = Date.now();
  /** How the last condor_submit failed, if it may have queued the jobs all the same. */
  #unclear: SubmitError | undefined;

  constructor(batch: JobBatch, tools: SubmissionTools) {
    this.#batch = batch;
    this.#tools = tools;
  }

  /**
   * Submits the jobs, or finds those of an attempt before.
   * @returns their ids, in the order of the batch
   * @throws {SubmitError} which says whether it may be attempted again; {@link CommandNotFoundError}
   */
  async attempt(): Promise<string[]> {
    if (this.#unclear === undefined) {
      try {
        return await this.#submit();
      } catch (error) {
        if (!(error instanceof SubmitError) || NO_SCHEDD.test(error.stderr)) throw error;
        this.#unclear = error;
      }
    }
    return this.#find(this.#unclear);
  }

  /** Nothing more is attempted after this error: what may be queued all the same is removed, so that nothing runs for nobody. */
  async giveUp(error: unknown): Promise<unknown> {
    if (this.#unclear === undefined) return error;
    const { message, command, exitCode, stderr, transient, cause } = this.#unclear;
    const constraint = submissionConstraint(this.#batch);
    let { limit } = this.#unclear;
    let afterwards = '';
    try {
      await this.#tools.remove(constraint);
    } catch {
      // What may be queued is not to be submitted once more.
      limit = undefined;
      afterwards = `. Whether it queued any is not known; to remove them: condor_rm -constraint '${constraint}'`;
    }
    return new SubmitError(message + afterwards, { command, exitCode, stderr, transient, limit }, { cause });
  }

  async #submit(): Promise<string[]> {
    let output: CommandOutput;
    try {
      output = await this.#tools.run('condor_submit', ['-terse'], submitDescription(this.#batch));
    } catch (error) {
      if (!(error instanceof CommandError) || error instanceof CommandNotFoundError) throw error;
      throw submitErrorOf(error);
    }
    const { stdout, stderr } = output;
    for (const [warning] of stderr.matchAll(/^WARNING: .*/gm)) {
      process.emitWarning(`condor_submit: ${warning}`, 'CondorFuturesWarning');
    }
    const ids = parseTerse(stdout);
    const { length } = this.#batch.jobs;
    if (ids.length === length) return ids;
    throw new SubmitError(
      `condor_submit answered for ${ids.length} of ${length} jobs: ${(stdout + stderr).trim()}`,
      { command: 'condor_submit', exitCode: 0, stderr },
    );
  }

  /** After the failure of a condor_submit, the queue alone knows what has become of the jobs. */
  async #find(failure: SubmitError): Promise<string[]> {
    // A refusal leaves nothing behind, as far as is known: giveUp() makes sure.
    if (!isUnclear(failure)) throw failure;
    const list = async (command: string, args: readonly string[]): Promise<string> =>
      (await this.#tools.run(command, args)).stdout;
    const ids = await findSubmitted(list, this.#batch, this.#begun).catch((cause: unknown) => {
      const { message, command, exitCode, stderr } = failure;
      throw new SubmitError(message, { command, exitCode, stderr, transient: true }, { cause });
    });
    if (ids.every((id) => id !== undefined)) return ids;
    if (ids.every((id) => id === undefined)) this.#unclear = undefined;
    throw failure;
  }
}

function isUnclear({ exitCode, stderr, limit }: SubmitError): boolean {
  if (limit !== undefined) return false;
  return exitCode === 0 || exitCode === null || LOST_SCHEDD.test(stderr);
}

function submitErrorOf(error: CommandError): SubmitError {
  const { command, exitCode, stderr } = error;
  const isAway = NO_SCHEDD.test(stderr);
  const wasKilled = exitCode === null;
  const limit = limitOf(stderr);
  const transient =
    limit === undefined && (wasKilled || isAway || LOST_SCHEDD.test(stderr)) && !NO_USE_WAITING.test(stderr);
  const remedy = isAway
    ? '. Remedy: see with condor_q whether the schedd is up, or name another one with the option `schedd`'
    : '';
  const failure = { command, exitCode, stderr, transient, limit };
  const why = remedy === '' ? error.message : error.message.replace(/\.$/, '');
  return new SubmitError(`HTCondor took no jobs: ${why}${remedy}`, failure, { cause: error });
}

function limitOf(stderr: string): SubmitError['limit'] {
  if (LIMITS.submission.test(stderr)) return 'submission';
  return LIMITS.queue.test(stderr) ? 'queue' : undefined;
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

/** The schedd's clock may be another than this machine's, by this much. */
const CLOCKS_DIFFER_S = 3600;

/**
 * The ids of the jobs that a condor_submit has queued though it did not tell, in the order of the batch: those in the queue and those
 * that have left it since. Undefined for jobs that were not queued.
 * @param list runs a command with arguments, and gives what it printed
 * @param since when the submission was begun, in milliseconds since 1970
 * @throws {CommandError} {@link SyntaxError} if either does not answer: then nothing is known
 */
export async function findSubmitted(
  list: (command: 'condor_q' | 'condor_history', args: readonly string[]) => Promise<string>,
  batch: SubmittedBatch,
  since: number,
): Promise<(string | undefined)[]> {
  const found = new Map<unknown, string>();
  const query = [
    '-json',
    '-attributes',
    'ClusterId,ProcId,CondorFuturesCall',
    '-constraint',
    submissionConstraint(batch),
  ];
  const add = (listing: string): void => {
    for (const [id, ad] of parseClassAds(listing)) found.set(ad['CondorFuturesCall'], id);
  };
  // In this order: what leaves the queue in between is in the history then.
  add(await list('condor_q', query));
  if (isLate(batch.submit)) {
    // Some have not come yet.
    const late = await list('condor_q', factoryQuery('-constraint', submissionConstraint(batch)));
    const [factory] = parseFactoryAds(late).values();
    if (factory !== undefined) {
      return batch.jobs.map(({ position }, index) => `${factory.cluster}.${position ?? index}`);
    }
  }
  if (found.size < batch.jobs.length) {
    // It is read from its end; without this, all of a busy schedd's.
    const before = Math.floor(since / 1000) - CLOCKS_DIFFER_S;
    add(await list('condor_history', [...query, '-since', `EnteredCurrentStatus < ${before}`]));
  }
  return batch.jobs.map(({ key }) => found.get(key));
}
