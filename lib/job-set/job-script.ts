import { basename, isAbsolute, relative } from 'node:path';
import * as names from './names.ts';
import { CODE_FILE, TRANSFERRED, TURNED_AWAY } from './names.ts';

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

/**
 * The script of jobs that do not see the job set: what they need of it has come by file transfer, into a directory of the job set's name in
 * the job's own. A file that is to go back and is not there would have the job held, so the shell stays, and sees to it that all are
 * there however node ends; it passes signals on, and ends as node has ended.
 */
export function transferScript(id: string, { node, execArgv, environment, setup }: RunnerSetup): string {
  const command = [node, ...execArgv].map((word) => shellWord(word)).join(' ');
  return [
    '#!/bin/sh',
    `condor_futures_scratch=$PWD condor_futures_directory=$PWD/${shellWord(id)}`,
    'condor_futures_key=$1 condor_futures_call="$2 $3 $4 $5"',
    // HTCondor makes directories by its own umask.
    'chmod -R go-w "$condor_futures_directory" 2>/dev/null',
    // Files that an evicted run of this job had not finished.
    '[ -s "$condor_futures_directory"/outcomes/"$condor_futures_key" ] || rm -rf "$condor_futures_directory"/files/"$condor_futures_key"',
    'condor_futures_keep() (',
    '  umask 077',
    // Where HTCondor has the output of its jobs until they end.
    '  cd "$condor_futures_scratch" || exit 0',
    ...[1, 2].map((descriptor) => keepPrinted(descriptor)),
    '  mkdir -p "$condor_futures_directory" && cd "$condor_futures_directory" || exit 0',
    '  mkdir -p outcomes files/"$condor_futures_key" calls/"${condor_futures_key%%-*}"',
    '  [ -e outcomes/"$condor_futures_key" ] || : >outcomes/"$condor_futures_key"',
    ')',
    'condor_futures_keep',
    `[ ! -e "$condor_futures_directory"/revoked/"$6" ] || exit ${TURNED_AWAY}`,
    'trap condor_futures_keep EXIT',
    'set --',
    ...environmentLines(environment),
    ...setup,
    'set +eu',
    `command -v ${shellWord(node)} >/dev/null || {`,
    `  echo "condor-futures: there is no node on $(uname -n) at or by the name of "${shellWord(node)}`,
    '  exit 127',
    '} >&2',
    'condor_futures_node= condor_futures_signal=',
    ...SIGNALS.map((signal) => `trap 'condor_futures_pass ${signal}' ${signal}`),
    'condor_futures_pass() {',
    '  condor_futures_signal=$1',
    '  [ -z "$condor_futures_node" ] || kill -"$1" "$condor_futures_node" 2>/dev/null',
    '}',
    // Words of digits: the shell may take them apart.
    `${command} "$condor_futures_directory"/${RUNNER} "$condor_futures_directory" "$condor_futures_key" $condor_futures_call ${TRANSFERRED} &`,
    'condor_futures_node=$!',
    '[ -z "$condor_futures_signal" ] || kill -"$condor_futures_signal" "$condor_futures_node" 2>/dev/null',
    // A signal ends a wait, too.
    'while :; do',
    // Without the shell's own words for how a process ended.
    '  wait "$condor_futures_node" 2>/dev/null',
    '  condor_futures_status=$?',
    '  kill -0 "$condor_futures_node" 2>/dev/null || break',
    'done',
    `trap - ${SIGNALS.join(' ')}`,
    'condor_futures_keep',
    'ulimit -c 0',
    '[ "$condor_futures_status" -le 128 ] || kill -"$((condor_futures_status - 128))" $$ 2>/dev/null',
    'exit "$condor_futures_status"',
    '',
  ].join('\n');
}

/** As long as the file is open, what is in it can still be read, though its name was removed. */
function keepPrinted(descriptor: number): string {
  const name = `_condor_std${descriptor === 1 ? 'out' : 'err'}`;
  const open = `/proc/$$/fd/${descriptor}`;
  return `  [ -e ${name} ] || [ ! -f ${open} ] || cat ${open} >${name}`;
}

/** Those that may reach a job whose process is to take notice. */
const SIGNALS = ['TERM', 'INT', 'HUP', 'QUIT', 'USR1', 'USR2'] as const;

const RUNNER = 'runner.cjs';

/** What every job needs of its job set, by paths in it. */
export const ALWAYS_TRANSFERRED: readonly string[] = ['run.sh', RUNNER, CODE_FILE, 'revoked'];

/** Where a file comes to lie below a job's own directory that lies in that of the job sets; undefined for others, which come by their names alone. */
export function pathInScratch(parent: string, file: string): string | undefined {
  const path = relative(parent, file);
  return path.startsWith('..') || isAbsolute(path) ? undefined : path;
}

/** Lines that put files where they would be if they had come by their names alone. */
export function gatherLines(parent: string, files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const path = pathInScratch(parent, file);
    if (path === undefined || path === basename(file)) return [];
    const [from, to] = [path, basename(file)].map((name) => `"$condor_futures_scratch"/${shellWord(name)}`);
    return `[ ! -e ${from} ] || mv ${from} ${to}`;
  });
}

/** A word of POSIX shell: nothing is special between single quotes but the single quote itself. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Variables for jobs. */
export interface JobEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Names whose values the batch system sets for each job; where it does, they stay as they are. */
  readonly system?: RegExp | undefined;
}

/** What a shell, dash or bash or another, sets or reads for itself: it refuses or changes values, or reads its script otherwise. */
const OF_THE_SHELL: ReadonlySet<string> = new Set([
  'BASHOPTS',
  'BASHPID',
  'BASH_VERSINFO',
  'EUID',
  'GROUPS',
  'IFS',
  'LINENO',
  'OPTIND',
  'PPID',
  'RANDOM',
  'SECONDS',
  'SHELLOPTS',
  'UID',
]);

/**
 * The lines of a job's script that set its variables. They stand in a file that only its owner can read, and on no command line:
 * those of all users are seen by all, and so are the jobs of a queue.
 */
export function environmentLines({ variables, system }: JobEnvironment): string[] {
  return Object.entries(variables).map(([name, value]) => {
    const line = `export ${name}=${shellWord(value)}`;
    return system?.test(name) === true ? `[ -n "\${${name}+set}" ] || ${line}` : line;
  });
}

/** Why a variable would not reach the jobs with that value, for the end of a sentence; undefined if it does. */
export function variableProblem(name: string, value: string): string | undefined {
  if (OF_THE_SHELL.has(name)) return "is a variable of the job's shell itself; set another in its place";
  return value.includes('\0') ? 'has a NUL, which no variable can hold' : undefined;
}
