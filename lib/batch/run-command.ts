import { spawn, spawnSync } from 'node:child_process';
import { publish } from '../base/diagnostics.ts';
import { CommandError, CommandNotFoundError } from '../base/errors.ts';
import { startTimer } from '../base/timers.ts';

/** Default timeout of a command; a busy schedd can need minutes. */
export const COMMAND_TIMEOUT_MS = 300_000;

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Text for its stdin. */
  readonly input?: string | undefined;
  /** Time in milliseconds after which it is killed. */
  readonly timeout?: number;
  /** Called with a function that kills the program. */
  readonly onStart?: (kill: () => void) => void;
}

/**
 * Runs a command of a batch system, never through a shell. All such commands are started here.
 * @throws {CommandNotFoundError} if it is not on PATH
 * @throws {CommandError} if its exit code is not 0, or it exceeds the timeout
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { input = '', timeout = COMMAND_TIMEOUT_MS, onStart }: CommandOptions = {},
): Promise<CommandOutput> {
  const reportEnd = startMeasuring(command, args);
  const overdue = new AbortController();
  const stopTimer = startTimer(timeout, () => overdue.abort());
  return new Promise<CommandOutput>((resolve, reject) => {
    // `env` is given because process.env may be replaced by a copy, as jest does, which spawn would ignore.
    const child = spawn(command, args, {
      env: process.env,
      // In a session of its own, so that Ctrl-C does not end it: the program may be removing its jobs just
      // then.
      detached: true,
      signal: overdue.signal,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.on('error', (error: NodeJS.ErrnoException) => {
      const failure = { command, exitCode: null, stderr };
      if (error.name === 'AbortError') {
        // Its child processes may hold the pipes open, which would keep this process alive.
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
    // If this process has no file descriptor left, the child has no streams; its `error` event follows.
    if ((child.stdout as unknown) === undefined) return;
    onStart?.(() => child.kill('SIGKILL'));
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A program may end without reading all its input; its exit code decides.
    child.stdin.on('error', () => {});
    child.on('close', (exitCode, signal) => {
      reportEnd(child.pid === undefined ? null : exitCode);
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
 * Runs a program synchronously, for the `exit` event of the process.
 * @throws {CommandError} if its exit code is not 0, or it exceeds the timeout
 */
export function runCommandNow(command: string, args: readonly string[], timeoutMs: number): void {
  const reportEnd = startMeasuring(command, args);
  const { error, status, signal, stderr } = spawnSync(command, args, {
    env: process.env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    // Only integers are accepted.
    timeout: Math.ceil(timeoutMs),
    killSignal: 'SIGKILL',
  });
  reportEnd(status);
  if (status === 0) return;
  const how = error?.message ?? `${signal ?? `exit code ${status}`}: ${stderr.trim()}`;
  throw new CommandError(`${command} failed with ${how}`, {
    command,
    exitCode: status,
    stderr: stderr ?? '',
  });
}

/** Measures a command for diagnostics, which publish the number of its arguments, not their values. */
function startMeasuring(command: string, { length }: readonly string[]): (exitCode: number | null) => void {
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
 * Pauses between attempts grow by this factor. Each is shortened at random by up to a quarter, so that
 * programs that were refused together do not retry together.
 */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const GROWTH = 1.5;
const SHORTER_BY = 0.25;

export interface RetryOptions {
  /** Time in milliseconds during which attempts may start; 0 means one attempt. */
  readonly maxTime: number;
  /** Whether an error may be temporary, so that another attempt makes sense. */
  readonly mayPass: (error: unknown) => boolean;
  /** Called before the first pause. */
  readonly onFirstFailure?: (error: unknown) => void;
  /** Ends the retries, because the result is no longer wanted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls a function, and calls it again with growing pauses while its errors may be temporary.
 * @throws the last error
 */
export async function withRetries<T>(
  act: () => Promise<T>,
  { maxTime, mayPass, onFirstFailure, signal }: RetryOptions,
): Promise<T> {
  const deadline = performance.now() + maxTime;
  const isUnwanted = (): boolean => signal?.aborted === true;
  for (let next = FIRST_PAUSE_MS; ; next = Math.min(next * GROWTH, LONGEST_PAUSE_MS)) {
    try {
      return await act();
    } catch (error) {
      const remaining = deadline - performance.now();
      if (!mayPass(error) || remaining <= 0 || isUnwanted()) throw error;
      if (next === FIRST_PAUSE_MS) onFirstFailure?.(error);
      // The last attempt is made at the deadline, not a long pause before it.
      await pause(Math.min(next * (1 - SHORTER_BY * Math.random()), remaining), signal);
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
