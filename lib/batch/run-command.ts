import { spawn } from 'node:child_process';
import { CommandError, CommandNotFoundError } from '../errors.ts';

/** How long a command of a batch system may take, unless it is said; a busy schedd can need minutes. */
export const COMMAND_TIMEOUT_MS = 300_000;

export interface CommandOptions {
  /** What it reads on stdin. */
  readonly input?: string;
  /** After this many milliseconds it is killed. */
  readonly timeout?: number;
}

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program: the only place that starts those of the batch systems. Never through a shell.
 * @throws {CommandNotFoundError} if it is not on PATH
 * @throws {CommandError} if it ends with anything but 0, or gives no answer in time
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { input = '', timeout = COMMAND_TIMEOUT_MS }: CommandOptions = {},
): Promise<CommandOutput> {
  return new Promise((resolve, reject) => {
    // `env` is given because process.env may be a copy, as in jest, which spawn would not look at.
    const child = spawn(command, args, {
      env: process.env,
      signal: AbortSignal.timeout(timeout),
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A program that ends without reading all its input is judged by its exit code.
    child.stdin.on('error', () => {});
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
    child.on('close', (exitCode, signal) => {
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
  });
}

function remedyFor(command: string): string {
  return command.startsWith('condor_')
    ? 'Remedy: run this on a submit machine of an HTCondor pool, put its bin directory on PATH, or use LocalExecutor'
    : 'Remedy: put its directory on PATH, or use LocalExecutor';
}
