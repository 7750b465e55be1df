import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import PQueue from 'p-queue';

/** What a case was to give and what it gave; text, or text for the one process and the other. */
export interface Outcome {
  readonly expected: unknown;
  readonly actual: unknown;
}

/** How to run a program of cases in a directory with a project. */
export interface Program {
  readonly directory: string;
  /** Path of the program that runs it; this Node.js if there is none. */
  readonly command?: string;
  readonly args: readonly string[];
  /** Its input. */
  readonly stdin?: string;
  /** Its input, which does not end before the program does. */
  readonly typed?: string;
  readonly env?: Record<string, string>;
}

/** Title in place of all others, where the process ended without a report. */
export const NO_REPORT = '(report of the process)';

// jest runs other specs beside this one.
const queue = new PQueue({ concurrency: 2 });
let reports = 0;

/**
 * Runs a program of cases, which runs another one; few of them at a time.
 * @returns the outcome of each case, and what the two processes printed, by title
 */
export async function runCases(program: Program): Promise<Record<string, Outcome>> {
  return queue.add(async () => {
    reports += 1;
    const report = join(program.directory, `report-${reports}.json`);
    const output = await outputOf(program, report);
    try {
      const outcomes = JSON.parse(readFileSync(report, 'utf8')) as Record<string, Outcome>;
      return { ...outcomes, '(output of the process)': { expected: '', actual: output } };
    } catch {
      return { [NO_REPORT]: { expected: 'a report', actual: output } };
    } finally {
      rmSync(report, { force: true });
    }
  });
}

async function outputOf(program: Program, report: string): Promise<string> {
  const { directory, command, args, stdin, typed, env } = program;
  return new Promise((resolve, reject) => {
    const child = spawn(command ?? process.execPath, args, {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: undefined, ...env, CONFORMANCE_REPORT: report },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve(code === 0 ? output : `${output}ended with ${code ?? signal}`),
    );
    // A program that ends before it has read all of its input is seen by how it ends.
    child.stdin.on('error', () => {});
    if (typed === undefined) child.stdin.end(stdin);
    else child.stdin.write(typed);
  });
}
