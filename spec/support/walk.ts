import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpoint, currentJob } from '../../lib/job.ts';
import { until } from './until.ts';

/** How a call keeps what it has reached: when it is told to end, or at each step. */
export type Saves = 'when told' | 'each step';

/** To be submitted: makes `steps` steps, each of which it notes, and comes to a halt at each third one that is not its last. */
export async function walk(notes: string, steps: number, saves: Saves): Promise<number[]> {
  const { appendFileSync } = await import('node:fs');
  const job = currentJob();
  if (job === undefined) throw new Error('There is no job');
  let done = (await checkpoint.load<number>()) ?? 0;
  const starts = job.starts ?? 0;
  if (saves === 'when told') {
    job.signal.addEventListener('abort', () => {
      appendFileSync(notes, `told ${job.deadline instanceof Date}\n`);
      void checkpoint.save(done);
    });
  }
  appendFileSync(notes, `start ${starts} ${process.pid}\n`);
  while (done < steps) {
    appendFileSync(notes, `step ${done + 1}\n`);
    done += 1;
    if (saves === 'each step') await checkpoint.save(done);
    if (done % 3 === 0 && done < steps) {
      appendFileSync(notes, `halt\n`);
      await new Promise((resolve) => setTimeout(resolve, 120_000));
    }
  }
  return [done, starts, job.attempt];
}

/** What a call has noted. */
export class Notes {
  readonly file: string;

  constructor(directory: string) {
    this.file = join(directory, `notes-${randomUUID()}`);
  }

  /** What stands behind a word, in order. */
  all(word: string): string[] {
    const lines = existsSync(this.file) ? readFileSync(this.file, 'utf8').trim().split('\n') : [];
    return lines.filter((line) => line.split(' ')[0] === word).map((line) => line.slice(word.length + 1));
  }

  get lastPid(): number {
    return Number(this.all('start').at(-1)?.split(' ')[1]);
  }

  async untilHalted(times: number): Promise<void> {
    await until(() => this.all('halt').length === times);
  }
}
