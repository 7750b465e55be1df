import { CommandError, CommandNotFoundError, SubmitError } from '../../base/errors.ts';
import { warn } from '../../base/warn.ts';
import type { JobBatch, SubmittedBatch } from '../batch-system.ts';
import type { CommandOutput } from '../run-command.ts';
import { isLate } from './itemdata.ts';
import { factoryQuery, parseFactoryAds } from './late-materialization.ts';
import { parseClassAds } from './queue.ts';
import { submissionConstraint, submitDescription } from './submit-description.ts';

/** Errors of condor_submit before it has reached a schedd: nothing is queued. */
const NO_SCHEDD = /address (of|for)|connect to|unknown host/i;
/**
 * Errors that do not pass with time: a wrong name, or a user who is not authorized. A handshake that fails (1002) is a
 * connection that broke, as when the schedd ends at that moment.
 */
const PERMANENT = /unknown host|^(?![^]*AUTHENTICATE:1002)[^]*AUTHENTICATE|DENIED/i;
/** Errors of condor_submit after it has lost the connection to a schedd: the jobs may be queued. */
const LOST_SCHEDD = /SECMAN|CEDAR|connection|commit|queue manager|Failed submission for job \d+\.-1 /i;

/** Configured limits that an error may name: of jobs per submission, and of jobs in the queue. */
const LIMITS = {
  submission: /SUBMIT_MAX_PROCS_IN_CLUSTER|MAX_JOBS_PER_SUBMISSION/,
  queue: /MAX_JOBS_PER_OWNER|MAX_JOBS_SUBMITTED/,
};

/** Commands that a {@link Submission} needs. */
export interface SubmissionTools {
  run(command: string, args: readonly string[], input?: string): Promise<CommandOutput>;
  /** Removes jobs for which a constraint is true. */
  remove(constraint: string): Promise<void>;
}

/**
 * Submits one batch exactly once: if condor_submit ends without a clear answer, the queue is asked for the
 * batch's jobs before another attempt.
 */
export class Submission {
  readonly #batch: JobBatch;
  readonly #tools: SubmissionTools;
  readonly #startedAt = Date.now();
  /** Error of the last condor_submit that may nevertheless have queued the jobs. */
  #unclearFailure: SubmitError | undefined;

  constructor(batch: JobBatch, tools: SubmissionTools) {
    this.#batch = batch;
    this.#tools = tools;
  }

  /**
   * Submits the jobs, or finds those of an earlier attempt.
   * @returns their ids in the order of the batch
   * @throws {SubmitError} whose `transient` says whether to retry; {@link CommandNotFoundError}
   */
  async attempt(): Promise<string[]> {
    if (this.#unclearFailure === undefined) {
      try {
        return await this.#submit();
      } catch (error) {
        if (!(error instanceof SubmitError) || NO_SCHEDD.test(error.stderr)) throw error;
        this.#unclearFailure = error;
      }
    }
    return this.#find(this.#unclearFailure);
  }

  /**
   * Removes jobs that may be queued in spite of the error, because no future will be waiting for them.
   * @returns the error to throw
   */
  async giveUp(error: unknown): Promise<unknown> {
    if (this.#unclearFailure === undefined) return error;
    const { message, command, exitCode, stderr, transient, cause } = this.#unclearFailure;
    const constraint = submissionConstraint(this.#batch);
    let { limit } = this.#unclearFailure;
    let afterwards = '';
    try {
      await this.#tools.remove(constraint);
    } catch {
      // Jobs that may be queued must not be submitted again in smaller submissions.
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
      throw toSubmitError(error);
    }
    const { stdout, stderr } = output;
    for (const [warning] of stderr.matchAll(/^WARNING: .*/gm)) {
      warn(`condor_submit: ${warning}`);
    }
    const ids = parseTerse(stdout);
    const { length } = this.#batch.jobs;
    if (ids.length === length) return ids;
    throw new SubmitError(
      `condor_submit answered for ${ids.length} of ${length} jobs: ${(stdout + stderr).trim()}`,
      { command: 'condor_submit', exitCode: 0, stderr },
    );
  }

  /** Looks in the queue for the jobs after a failed condor_submit. */
  async #find(failure: SubmitError): Promise<string[]> {
    // A refused submission should leave no jobs; giveUp() makes sure.
    if (!isUnclear(failure)) throw failure;
    const list = async (command: string, args: readonly string[]): Promise<string> =>
      (await this.#tools.run(command, args)).stdout;
    const ids = await findSubmitted(list, this.#batch, this.#startedAt).catch((cause: unknown) => {
      const { message, command, exitCode, stderr } = failure;
      throw new SubmitError(message, { command, exitCode, stderr, transient: true }, { cause });
    });
    if (ids.every((id) => id !== undefined)) return ids;
    if (ids.every((id) => id === undefined)) this.#unclearFailure = undefined;
    throw failure;
  }
}

function isUnclear({ exitCode, stderr, limit }: SubmitError): boolean {
  if (limit !== undefined) return false;
  return exitCode === 0 || exitCode === null || LOST_SCHEDD.test(stderr);
}

function toSubmitError(error: CommandError): SubmitError {
  const { command, exitCode, stderr } = error;
  const isUnreachable = NO_SCHEDD.test(stderr);
  const wasKilled = exitCode === null;
  const limit = exceededLimit(stderr);
  const transient =
    limit === undefined &&
    (wasKilled || isUnreachable || LOST_SCHEDD.test(stderr)) &&
    !PERMANENT.test(stderr);
  const remedy = isUnreachable
    ? '. Remedy: see with condor_q whether the schedd is up, or name another one with the option `schedd`'
    : '';
  const failure = { command, exitCode, stderr, transient, limit };
  const why = remedy === '' ? error.message : error.message.replace(/\.$/, '');
  return new SubmitError(`HTCondor took no jobs: ${why}${remedy}`, failure, { cause: error });
}

function exceededLimit(stderr: string): SubmitError['limit'] {
  if (LIMITS.submission.test(stderr)) return 'submission';
  return LIMITS.queue.test(stderr) ? 'queue' : undefined;
}

/**
 * Parses the output of `condor_submit -terse` to job ids; it has a range for each cluster: `12.0 - 12.99`.
 */
export function parseTerse(text: string): string[] {
  return [...text.matchAll(/^(\d+)\.(\d+) - \1\.(\d+)\s*$/gm)].flatMap(([, cluster, first, last]) =>
    Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, index) => `${cluster}.${Number(first) + index}`,
    ),
  );
}

/** Maximum difference between the clocks of the schedd and this machine. */
const MAX_CLOCK_SKEW_S = 3600;

/**
 * Finds the jobs of a batch whose condor_submit did not report their ids, in the queue and in the history.
 * @param list runs a command with arguments, and returns its output
 * @param since start of the submission, in milliseconds since 1970
 * @returns ids in the order of the batch; undefined for jobs that were not queued
 * @throws {CommandError} {@link SyntaxError} if a command gives no answer: then nothing is known
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
  // The queue first: a job that leaves it before the second query is in the history then.
  add(await list('condor_q', query));
  if (isLate(batch.submit)) {
    // Some jobs may not have materialized yet.
    const late = await list('condor_q', factoryQuery('-constraint', submissionConstraint(batch)));
    const [factory] = parseFactoryAds(late).values();
    if (factory !== undefined) {
      return batch.jobs.map(({ position }, index) => `${factory.cluster}.${position ?? index}`);
    }
  }
  if (found.size < batch.jobs.length) {
    // The history is read backwards; without a limit, all of it.
    const before = Math.floor(since / 1000) - MAX_CLOCK_SKEW_S;
    add(await list('condor_history', [...query, '-since', `EnteredCurrentStatus < ${before}`]));
  }
  return batch.jobs.map(({ key }) => found.get(key));
}
