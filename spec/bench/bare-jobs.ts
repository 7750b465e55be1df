import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Submit commands. */
export type Commands = Readonly<Record<string, string | number>>;

/**
 * Runs jobs that start the same node with an empty script, as a user would by hand.
 * @returns the milliseconds from condor_submit to the end of the last job in the event log, as condor_wait tells it
 */
export function bareJobs(directory: string, jobs: number, submit: Commands = {}): number {
  const own = mkdtempSync(join(directory, 'bare-'));
  mkdirSync(join(own, 'output'));
  writeFileSync(join(own, 'empty.cjs'), '');
  const commands: Commands = {
    executable: process.execPath,
    transfer_executable: 'false',
    arguments: `${own}/empty.cjs`,
    log: `${own}/log`,
    output: `${own}/output/$(Process).out`,
    error: `${own}/output/$(Process).err`,
    ...submit,
  };
  const lines = Object.entries(commands).map(([name, value]) => `${name} = ${value}`);
  const start = performance.now();
  execFileSync('condor_submit', ['-terse'], { input: [...lines, `queue ${jobs}`, ''].join('\n') });
  execFileSync('condor_wait', [`${own}/log`]);
  return performance.now() - start;
}
