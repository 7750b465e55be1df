import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Commands } from './bare-jobs.ts';

/**
 * Runs one job that starts the same node with an empty script, and notices its end at once, which condor_wait does not.
 * @returns the milliseconds from condor_submit to the event that the job has terminated
 */
export async function bareJob(directory: string, submit: Commands): Promise<number> {
  const own = mkdtempSync(join(directory, 'bare-'));
  const script = join(own, 'empty.cjs');
  const log = join(own, 'log');
  for (const file of [script, log]) writeFileSync(file, '');
  const commands: Commands = {
    executable: process.execPath,
    transfer_executable: 'false',
    arguments: script,
    log,
    should_transfer_files: 'IF_NEEDED',
    when_to_transfer_output: 'ON_EXIT',
    transfer_output_files: '""',
    ...submit,
  };
  const lines = Object.entries(commands).map(([name, value]) => `${name} = ${value}`);
  const start = performance.now();
  const terminated = whenTerminated(log);
  const condorSubmit = spawn('condor_submit', ['-terse'], { stdio: ['pipe', 'ignore', 'inherit'] });
  condorSubmit.stdin.end([...lines, 'queue', ''].join('\n'));
  await once(condorSubmit, 'close');
  return (await terminated) - start;
}

async function whenTerminated(log: string): Promise<number> {
  return new Promise((resolve) => {
    const watcher = watch(log, () => {
      if (!/^005 /m.test(readFileSync(log, 'utf8'))) return;
      watcher.close();
      resolve(performance.now());
    });
  });
}
