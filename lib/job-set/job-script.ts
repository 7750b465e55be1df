import { basename, isAbsolute, relative } from 'node:path';
import * as names from './names.ts';
import { CODE_FILE, TRANSFERRED, TURNED_AWAY } from './names.ts';

const RUNNER = 'runner.cjs';

/** Signals that are forwarded to node. */
const SIGNALS = ['TERM', 'INT', 'HUP', 'QUIT', 'USR1', 'USR2'] as const;

/**
 * The script of every job, with key, batch, offset, length, hash and submission as arguments. It runs the
 * user's setup lines, then becomes node, so that signals reach node. It redirects its output to the job set
 * itself, because a batch system may deliver output late.
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
    // The calls of a revoked submission are submitted again, except those that have started and may have been
    // evicted since.
    `[ ! -e ${revoked}/"$6" ] || [ -e ${logs}/"$1".out ] || { : >${revoked}/"$6.$1"; exit ${TURNED_AWAY}; }`,
    // Only the user may read the logs; files that the call writes get the machine's umask.
    'condor_futures_umask=$(umask)',
    'umask 077',
    // A batch system restarts a job whose end was not reported to it: the output of the finished call stays.
    `[ -e ${outcomes}/"$1" ] || : >${logs}/"$1".out 2>${logs}/"$1".err`,
    `exec >>${logs}/"$1".out 2>>${logs}/"$1".err`,
    'umask "$condor_futures_umask"',
    // A file sourced by a setup line would see the script's arguments.
    'condor_futures_key=$1 condor_futures_call="$2 $3 $4 $5"',
    'set --',
    ...environmentLines(environment),
    ...setup,
    // Numbers and a hash, which the shell may split at spaces.
    `exec ${command} "$condor_futures_key" $condor_futures_call`,
    '',
  ].join('\n');
}

/** How the jobs of a job set start the runner. */
export interface RunnerSetup {
  /** Path of the compiled runner; it is copied, so that the job set is self-contained. */
  readonly runner: string;
  /** Path of the file that the runner loads from its own directory, if any; copied too. */
  readonly code?: string | undefined;
  /** Path or name of the node binary on the execute side. */
  readonly node: string;
  readonly execArgv: readonly string[];
  readonly environment: JobEnvironment;
  /** Shell lines that run before node. */
  readonly setup: readonly string[];
  /**
   * Whether jobs do not see the job set, so that their files are transferred.
   * @default false
   */
  readonly transfers?: boolean | undefined;
}

/**
 * The script of jobs that do not see the job set: file transfer has copied what they need into a directory of
 * the job set's name in the scratch directory. HTCondor holds a job if an output file is missing, so the
 * shell keeps running, makes sure that all exist however node ends, forwards signals, and exits like node.
 */
export function transferScript(id: string, { node, execArgv, environment, setup }: RunnerSetup): string {
  const command = [node, ...execArgv].map((word) => shellWord(word)).join(' ');
  return [
    '#!/bin/sh',
    `condor_futures_scratch=$PWD condor_futures_directory=$PWD/${shellWord(id)}`,
    'condor_futures_key=$1 condor_futures_call="$2 $3 $4 $5"',
    // HTCondor makes directories with its own umask.
    'chmod -R go-w "$condor_futures_directory" 2>/dev/null',
    // Deletes unfinished files of an evicted run of this job.
    '[ -s "$condor_futures_directory"/outcomes/"$condor_futures_key" ] || rm -rf "$condor_futures_directory"/files/"$condor_futures_key"',
    'condor_futures_keep() (',
    '  umask 077',
    // HTCondor keeps the output of a job here until it ends.
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
    // Numbers and a hash, which the shell may split at spaces.
    `${command} "$condor_futures_directory"/${RUNNER} "$condor_futures_directory" "$condor_futures_key" $condor_futures_call ${TRANSFERRED} &`,
    'condor_futures_node=$!',
    '[ -z "$condor_futures_signal" ] || kill -"$condor_futures_signal" "$condor_futures_node" 2>/dev/null',
    // A signal ends `wait`, too.
    'while :; do',
    // Suppresses the shell's message about how the process ended.
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

/**
 * Restores an output file whose name was deleted, while its content can still be read through the open
 * descriptor.
 */
function keepPrinted(descriptor: number): string {
  const name = `_condor_std${descriptor === 1 ? 'out' : 'err'}`;
  const open = `/proc/$$/fd/${descriptor}`;
  return `  [ -e ${name} ] || [ ! -f ${open} ] || cat ${open} >${name}`;
}

/** Files that every job needs of its job set, by their paths in it. */
export const ALWAYS_TRANSFERRED: readonly string[] = ['run.sh', RUNNER, CODE_FILE, 'revoked'];

/**
 * Path below a job's scratch directory at which a file in the directory of the job sets arrives; undefined
 * for other files, which arrive by their base names.
 */
export function pathInScratch(parent: string, file: string): string | undefined {
  const path = relative(parent, file);
  return path.startsWith('..') || isAbsolute(path) ? undefined : path;
}

/** Script lines that move files to where they would be if they had arrived by their base names. */
export function gatherLines(parent: string, files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const path = pathInScratch(parent, file);
    if (path === undefined || path === basename(file)) return [];
    const [from, to] = [path, basename(file)].map((name) => `"$condor_futures_scratch"/${shellWord(name)}`);
    return `[ ! -e ${from} ] || mv ${from} ${to}`;
  });
}

/** Quotes text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Environment of the jobs. */
export interface JobEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Names of variables that the batch system sets for each job; its values win over those in `variables`. */
  readonly system?: RegExp | undefined;
}

/**
 * Variables that a shell such as dash or bash sets or reads itself: it would refuse or change their values,
 * or behave differently.
 */
const SHELL_VARIABLES: ReadonlySet<string> = new Set([
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
 * Script lines that set the variables of a job. They are in a file that only its owner can read, because
 * other users can see command lines and the jobs of a queue.
 */
export function environmentLines({ variables, system }: JobEnvironment): string[] {
  return Object.entries(variables).map(([name, value]) => {
    const line = `export ${name}=${shellWord(value)}`;
    return system?.test(name) === true ? `[ -n "\${${name}+set}" ] || ${line}` : line;
  });
}

/**
 * Why a variable would not reach the jobs with that value, as the end of a sentence; undefined if it would.
 */
export function variableProblem(name: string, value: string): string | undefined {
  if (SHELL_VARIABLES.has(name)) return "is a variable of the job's shell itself; set another in its place";
  return value.includes('\0') ? 'has a NUL, which no variable can hold' : undefined;
}
