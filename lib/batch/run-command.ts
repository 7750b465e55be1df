import { spawn, spawnSync } from 'node:child_process';
import { publish } from '../base/diagnostics.ts';
import { CommandError, CommandNotFoundError } from '../base/errors.ts';
import { startTimer } from '../base/timers.ts';

/** How long a command of a batch system may take, unless it is said; a busy schedd can need minutes. */
export const COMMAND_TIMEOUT_MS = 300_000;

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** What the program reads on stdin. */
  readonly input?: string | undefined;
  /** After this many milliseconds it is killed. */
  readonly timeout?: number;
  /** Told how to end the program before its time. */
  readonly onStart?: (kill: () => void) => void;
}

/**
 * Runs a program: the only place that starts those of the batch systems. Never through a shell.
 * @throws {CommandNotFoundError} if it is not on PATH
 * @throws {CommandError} if it ends with anything but 0, or gives no answer in time
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { input = '', timeout = COMMAND_TIMEOUT_MS, onStart }: CommandOptions = {},
): Promise<CommandOutput> {
  const tellEnd = timed(command, args);
  const overdue = new AbortController();
  const stopTimer = startTimer(timeout, () => overdue.abort());
  return new Promise<CommandOutput>((resolve, reject) => {
    // `env` is given because process.env may be a copy, as in jest, which spawn would not look at.
    const child = spawn(command, args, {
      env: process.env,
      // In a session of its own: a Ctrl-C at the terminal is for the program, which may want jobs removed just then.
      detached: true,
      signal: overdue.signal,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.on('error', (error: NodeJS.ErrnoException) => {
      const failure = { command, exitCode: null, stderr };
      if (error.name === 'AbortError') {
        // What it has started may hold the pipes open, and would keep this process alive with them.
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        return reject(
          new CommandError(`${command} gave no answer for ${timeout / 1000} s, and was ended`, failure),
        );
      }
      reject(
        error.code === 'ENOENT'
          ? new CommandNotFoundError(`${command} is not on PATH. ${remedyFor(command)}`, failure, {
              cause: error,
            })
          : new CommandError(`${command} cannot be started: ${error.message}`, failure, { cause: error }),
      );
    });
    // A process that has no file descriptor left gets a child without streams, whose error comes in a moment.
    if ((child.stdout as unknown) === undefined) return;
    onStart?.(() => child.kill('SIGKILL'));
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A program that ends without reading all its input is judged by its exit code.
    child.stdin.on('error', () => {});
    child.on('close', (exitCode, signal) => {
      tellEnd(child.pid === undefined ? null : exitCode);
      if (exitCode === 0) return resolve({ stdout, stderr });
      const how = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
      reject(
        new CommandError(`${command} failed with ${how}: ${stderr.trim() || stdout.trim()}`, {
          command,
          exitCode,
          stderr,
        }),
      );
    });
    child.stdin.end(input);
  }).finally(stopTimer);
}

/**
 * Runs a program while this process does nothing else, for the `exit` of the process.
 * @throws {CommandError} if it ends with anything but 0, or not in time
 */
export function runCommandNow(command: string, args: readonly string[], timeoutMs: number): void {
  const tellEnd = timed(command, args);
  const { error, status, signal, stderr } = spawnSync(command, args, {
    env: process.env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    // It takes whole ones only.
    timeout: Math.ceil(timeoutMs),
    killSignal: 'SIGKILL',
  });
  tellEnd(status);
  if (status === 0) return;
  const how = error?.message ?? `${signal ?? `exit code ${status}`}: ${stderr.trim()}`;
  throw new CommandError(`${command} failed with ${how}`, {
    command,
    exitCode: status,
    stderr: stderr ?? '',
  });
}

/** Measures a command; what it is called with is nobody's business. */
function timed(command: string, { length }: readonly string[]): (exitCode: number | null) => void {
  const startedAt = performance.now();
  return (exitCode) =>
    publish('command', () => ({
      command,
      argumentCount: length,
      exitCode,
      durationMs: performance.now() - startedAt,
    }));
}

function remedyFor(command: string): string {
  return command.startsWith('condor_')
    ? 'Remedy: run this on a submit machine of an HTCondor pool, put its bin directory on PATH, or use LocalExecutor'
    : 'Remedy: put its directory on PATH, or use LocalExecutor';
}

/**
 * Pauses grow from the first to the longest, by a half each; each is up to a quarter shorter by chance, so that programs that were refused
 * together do not come again together.
 */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const GROWTH = 1.5;
const SHORTER_BY = 0.25;

export interface Patience {
  /** How long tries may be begun, in milliseconds; 0 means one try. */
  readonly longest: number;
  /** Whether an error may pass by itself. */
  readonly mayPass: (error: unknown) => boolean;
  /** Called before the first pause. */
  readonly onFirstFailure?: (error: unknown) => void;
  /** Ends the waiting: nobody wants the result any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does something, and tries it again and again while its errors may pass, with growing pauses.
 * @throws the last error
 */
export async function patiently<T>(
  act: () => Promise<T>,
  { longest, mayPass, onFirstFailure, signal }: Patience,
): Promise<T> {
  const deadline = performance.now() + longest;
  const isUnwanted = (): boolean => signal?.aborted === true;
  for (let next = FIRST_PAUSE_MS; ; next = Math.min(next * GROWTH, LONGEST_PAUSE_MS)) {
    try {
      return await act();
    } catch (error) {
      const left = deadline - performance.now();
      if (!mayPass(error) || left <= 0 || isUnwanted()) throw error;
      if (next === FIRST_PAUSE_MS) onFirstFailure?.(error);
      // The last try is made when the time is over, not a long pause before.
      await pause(Math.min(next * (1 - SHORTER_BY * Math.random()), left), signal);
      if (isUnwanted()) throw error;
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}
