import { appendFileSync, readFileSync } from 'node:fs';
import type { PlannedCall } from './plan.ts';

/** One run of a call, as the call itself has noted it. */
export interface Run {
  readonly id: number;
  readonly pid: number;
  /** Of its job in the job set. */
  readonly key: string;
}

/** To be submitted: notes that it runs, in a file that all append to, then does as planned. */
export async function runCall(file: string, { id, kind, milliseconds }: PlannedCall): Promise<number> {
  const [, , , key = ''] = process.argv;
  appendFileSync(file, `${id} ${process.pid} ${key}\n`);
  if (kind !== 'quick') await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (kind === 'throwing') throw new RangeError(`call ${id}`);
  if (kind === 'exiting') process.exit(3);
  if (kind === 'killed') process.kill(process.pid, 'SIGKILL');
  // Cancelled calls wait for that, some seconds longer than the others.
  if (kind === 'cancelled') await new Promise((resolve) => setTimeout(resolve, 5000));
  return id * 2;
}

export function readRuns(file: string): Run[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [id, pid, key = ''] = line.split(' ');
      return { id: Number(id), pid: Number(pid), key };
    });
}
