import type { JobAction, JobEdit } from '../batch-system.ts';

/** What a tool does that takes the ids of jobs, and answers for each. */
type SimpleAction = Exclude<JobAction, JobEdit>;

/** Put on the jobs that `future.hold()` holds, to tell their holds from all others: in the event log, in the queue, after a restart. */
const REQUESTED_SUBCODE = 6770;
/** HoldReasonCode of a hold by a user, in the manual's table. */
const USER_REQUEST = 1;

const COMMANDS: Readonly<Record<SimpleAction['kind'], string>> = {
  hold: 'condor_hold',
  release: 'condor_release',
  vacate: 'condor_vacate_job',
  suspend: 'condor_suspend',
  continue: 'condor_continue',
};

/** The tool for an action, and its arguments before the job ids. */
export function commandOf(action: SimpleAction): {
  readonly command: string;
  readonly args: readonly string[];
} {
  return { command: COMMANDS[action.kind], args: action.kind === 'hold' ? holdArguments(action.reason) : [] };
}

/** Whether a hold with these codes was asked for by a future. */
export function isRequestedHold(code: number | undefined, subCode: number | undefined): boolean {
  return code === USER_REQUEST && subCode === REQUESTED_SUBCODE;
}

/**
 * Why jobs were refused, by id, as the tools print it to stderr. That a job is in the wanted state already is no refusal.
 * @returns undefined if the text answers for no job at all: then something else went wrong
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

/** What `condor_q -better-analyze` prints, without its heading; empty if the job is not in the queue. */
export function trimAnalysis(stdout: string): string {
  return stdout
    .replaceAll(/^-- .*$/gm, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

/** The schedd takes the reason for the inside of a ClassAd string: it drops, without a word, what is none. */
function holdArguments(reason: string | undefined): string[] {
  const text = (reason ?? '').replaceAll(/\s+/g, ' ').trim().replaceAll(/["\\]/g, '\\$&');
  return ['-subcode', String(REQUESTED_SUBCODE), ...(text === '' ? [] : ['-reason', text])];
}
