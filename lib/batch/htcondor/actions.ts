import { CommandError } from '../../base/errors.ts';
import type { JobAction, JobEdit, JobSetRemoval } from '../batch-system.ts';
import { type CommandOutput, runCommand, runCommandNow } from '../run-command.ts';
import { REQUESTED_SUBCODE } from './event-log.ts';
import { idSlices, jobConstraint, parseClassAds } from './queue.ts';
import { jobSetConstraint } from './submit-description.ts';

/** An action for which HTCondor has a tool that takes job ids. */
type SimpleAction = Exclude<JobAction, JobEdit>;

const COMMANDS: Readonly<Record<SimpleAction['kind'], string>> = {
  hold: 'condor_hold',
  release: 'condor_release',
  vacate: 'condor_vacate_job',
  suspend: 'condor_suspend',
  continue: 'condor_continue',
};

/** Why an action on a job is refused that has left the queue, or whose id another job has got. */
export const NOT_QUEUED = 'the job is not in the queue';

/** The tool for an action, and its arguments before the job ids. */
export function commandFor(action: SimpleAction): {
  readonly command: string;
  readonly args: readonly string[];
} {
  return { command: COMMANDS[action.kind], args: action.kind === 'hold' ? holdArguments(action.reason) : [] };
}

/**
 * Parses refusals from a tool's stderr: reasons by job id. A job that is already in the wanted state is no
 * refusal.
 * @returns undefined if the text mentions no job, because then something else went wrong
 */
export function parseRefusals(stderr: string): Map<string, string> | undefined {
  // A schedd that does not answer leaves the tool with `No result found for job 1.0`.
  const answers = [...stderr.matchAll(/^(?!No result).*\bjob (\d+\.\d+)\b.*$/gim)];
  if (answers.length === 0) return undefined;
  return new Map(
    answers
      .filter(([line]) => !/ already held$| not held to be released$/.test(line))
      .map(([line, id]) => [id as string, line.trim()]),
  );
}

/** The output of `condor_q -better-analyze` without its heading; empty if the job is not in the queue. */
export function trimAnalysis(stdout: string): string {
  return stdout
    .replaceAll(/^-- .*$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

/**
 * Escapes the reason for a ClassAd string, because the schedd silently drops a reason that is not valid in
 * one.
 */
function holdArguments(reason: string | undefined): string[] {
  const text = (reason ?? '').replaceAll(/\s+/g, ' ').trim().replaceAll(/["\\]/g, '\\$&');
  return ['-subcode', String(REQUESTED_SUBCODE), ...(text === '' ? [] : ['-reason', text])];
}

/**
 * Changes an attribute of jobs. Uses a constraint, because condor_qedit changes nothing if one of several ids
 * has left the queue.
 * @returns reasons of refusals by job id
 * @throws {CommandError} if condor_qedit or condor_q gives no answer
 */
export async function editJobs(
  run: (command: 'condor_qedit' | 'condor_q', args: readonly string[]) => Promise<CommandOutput>,
  { attribute, value }: JobEdit,
  jobIds: readonly string[],
  jobSetId?: string,
): Promise<Map<string, string>> {
  const refusals = new Map<string, string>();
  for (const ids of idSlices(jobIds)) {
    const constraint = jobConstraint(ids, jobSetId);
    const answer = await run('condor_qedit', ['-constraint', constraint, attribute, String(value)]).catch(
      (error: unknown) => {
        if (error instanceof CommandError && / by constraint: /.test(error.stderr)) return error;
        throw error;
      },
    );
    if (answer instanceof CommandError || parseCount(answer.stdout) < ids.length) {
      const query = ['-json', '-attributes', 'ClusterId,ProcId', '-constraint', constraint];
      const queued = parseClassAds((await run('condor_q', query)).stdout);
      // condor_qedit prints the same whether no job matches or jobs cannot be changed.
      if (answer instanceof CommandError && queued.size > 0) throw answer;
      for (const id of ids) if (!queued.has(id)) refusals.set(id, NOT_QUEUED);
    }
  }
  return refusals;
}

/** The number in `Set attribute "RequestMemory" for 3 matching jobs.` */
function parseCount(stdout: string): number {
  return Number(/ for (\d+) matching job/.exec(stdout)?.[1] ?? 0);
}

/** Removes job sets by an attribute of their jobs, and so also jobs whose ids only the schedd knows. */
export class HTCondorJobSetRemoval implements JobSetRemoval {
  readonly #place: readonly string[];
  readonly #timeout: number;
  readonly #endSubmission: () => void;

  /**
   * @param place arguments that select the schedd
   * @param timeout of condor_rm in {@link remove}, in milliseconds
   * @param endSubmission kills a running condor_submit; jobs that it has queued by then are removed
   */
  constructor(place: readonly string[], timeout: number, endSubmission: () => void) {
    this.#place = place;
    this.#timeout = timeout;
    this.#endSubmission = endSubmission;
  }

  async remove(jobSetId: string): Promise<void> {
    const options = { timeout: this.#timeout };
    await runCommand('condor_rm', this.#arguments(jobSetId), options).catch(ignoreGone);
  }

  removeNow(jobSetId: string, timeoutMs: number): void {
    this.#endSubmission();
    try {
      runCommandNow('condor_rm', this.#arguments(jobSetId), timeoutMs);
    } catch (error) {
      ignoreGone(error);
    }
  }

  removeUnseen(jobSetId: string): void {
    this.#endSubmission();
    // The command outlives this process.
    runCommand('condor_rm', this.#arguments(jobSetId)).catch(() => {});
  }

  commandFor(jobSetId: string): string {
    const place = this.#place.map((word) => `${word} `).join('');
    return `condor_rm ${place}-constraint '${jobSetConstraint(jobSetId)}'`;
  }

  #arguments(jobSetId: string): string[] {
    return [...this.#place, '-constraint', jobSetConstraint(jobSetId)];
  }
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof CommandError && saysGone(error.stderr))) throw error;
}

/**
 * Whether condor_rm failed only because jobs have left the queue, or are about to. If the schedd does not
 * answer, it prints the same lines, but also another one with the cause.
 */
export function saysGone(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => GONE.test(line));
}

const GONE = /^Job \S+ (not found|already marked for removal)|^Couldn't find/;
