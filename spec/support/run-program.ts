import { spawn } from 'node:child_process';

export interface ProgramResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const INDEX = new URL('../../dist/index.js', import.meta.url).href;

/**
 * Runs a program in a process of its own, as a user of the built package would.
 * @param source of an ES module that finds the package's names in `condorFutures`
 */
export async function runProgram(source: string): Promise<ProgramResult> {
  const program = `import * as condorFutures from ${JSON.stringify(INDEX)};\n${source}`;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      env: process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
