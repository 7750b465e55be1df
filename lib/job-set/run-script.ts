import { TURNED_AWAY } from './exit-codes.ts';
import { environmentLines, type JobEnvironment } from './job-environment.ts';
import * as names from './names.ts';
import { shellWord } from './shell-word.ts';

/**
 * The script that every job runs, with its key, batch, offset, length, hash and submission as arguments: the user's variables and lines, then node
 * in its place, so that signals reach node. It takes its output to the job set by itself: through a batch system it may come late.
 */
export function runScript(directory: string, { node, execArgv, environment, setup }: RunnerSetup): string {
  const logs = shellWord(names.logsDirectory(directory));
  const revoked = shellWord(names.revokedDirectory(directory));
  const outcomes = shellWord(names.outcomesDirectory(directory));
  const command = [node, ...execArgv, names.runnerFile(directory), directory]
    .map((word) => shellWord(word))
    .join(' ');
  return [
    '#!/bin/sh',
    // A process that did not find this submission makes its calls by others; but not those that have begun, which a machine may have evicted since.
    `[ ! -e ${revoked}/"$6" ] || [ -e ${logs}/"$1".out ] || { : >${revoked}/"$6.$1"; exit ${TURNED_AWAY}; }`,
    // The logs are for their owner alone; what the call writes elsewhere is as its machine has it.
    'condor_futures_umask=$(umask)',
    'umask 077',
    // A batch system starts a job again whose end it has not heard of: what the call has printed by then stays.
    `[ -e ${outcomes}/"$1" ] || : >${logs}/"$1".out 2>${logs}/"$1".err`,
    `exec >>${logs}/"$1".out 2>>${logs}/"$1".err`,
    'umask "$condor_futures_umask"',
    // A file that a setup line sources would take the script's arguments for its own.
    'condor_futures_key=$1 condor_futures_call="$2 $3 $4 $5"',
    'set --',
    ...environmentLines(environment),
    ...setup,
    // Words of digits: the shell may take them apart.
    `exec ${command} "$condor_futures_key" $condor_futures_call`,
    '',
  ].join('\n');
}

/** What a job runs, the same for all jobs of a job set. */
export interface RunnerSetup {
  /** The compiled runner; it is copied, so that the job set needs nothing outside of itself. */
  readonly runner: string;
  /** What the runner loads from beside it, if it does; copied too. */
  readonly code?: string | undefined;
  /** The node binary on the execute side, by path or by name. */
  readonly node: string;
  readonly execArgv: readonly string[];
  readonly environment: JobEnvironment;
  /** Lines of shell that run before node. */
  readonly setup: readonly string[];
  /**
   * Jobs do not see the job set: what they need of it travels to them, and what comes of them travels back.
   * @default false
   */
  readonly transfers?: boolean | undefined;
}
