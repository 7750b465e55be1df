import { shellWord } from './shell-word.ts';

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
export function troubleWithVariable(name: string, value: string): string | undefined {
  if (OF_THE_SHELL.has(name)) return "is a variable of the job's shell itself; set another in its place";
  return value.includes('\0') ? 'has a NUL, which no variable can hold' : undefined;
}
