import { spawn, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { until } from './until.ts';
import { builtModule } from './built-file.ts';

export interface ProgramResult {
  readonly exitCode: number | null;
  /** What ended the program, if it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program while it runs. */
export interface RunningProgram {
  /** Waits until the program has printed this on its stdout. */
  readonly printed: (text: string) => Promise<void>;
  /** Sends a signal to the program alone, or as a terminal does to all processes of its group. */
  readonly signal: (signal: NodeJS.Signals, to?: 'program' | 'group') => void;
  readonly ended: Promise<ProgramResult>;
}

/**
 * Starts a program in a process of its own, as a user of the built package would.
 * @param source of an ES module that finds the package's names in `condorFutures`
 * @param environment added to this process's own
 */
export function startProgram(source: string, environment: Record<string, string> = {}): RunningProgram {
  const program = `import * as condorFutures from ${JSON.stringify(builtModule('index'))};\n${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    printed: async (text) => {
      await until(() => stdout.includes(text) || hasEnded());
      if (!stdout.includes(text)) throw new Error(`The program ended without printing ${text}: ${stderr}`);
    },
    signal: (signal, to = 'program') => {
      if (!hasEnded()) process.kill(to === 'group' ? -(child.pid as number) : (child.pid as number), signal);
    },
    ended,
  };
}

/** Runs a program to its end, as {@link startProgram}. */
export async function runProgram(
  source: string,
  environment: Record<string, string> = {},
): Promise<ProgramResult> {
  return startProgram(source, environment).ended;
}

/**
 * Runs a file with node, in its own directory.
 * @param input what it reads from its stdin
 * @returns what it prints, as JSON
 * @throws with its stderr if it prints nothing
 */
export function jsonPrintedBy(file: string, input = ''): unknown {
  const options = { cwd: dirname(file), encoding: 'utf8', input } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [file], options);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as unknown;
}
