import { fsyncSync } from 'node:fs';
import { hostname } from 'node:os';
import { outcomeFile } from '../job-set/names.ts';
import { writeWholeSync } from '../job-set/write-whole.ts';
import { encodeOutcome, type ItemOutcome } from '../payload/call.ts';
import { encodeThrown } from '../payload/thrown.ts';
import type { TimeLimit } from './time-limit.ts';

/** Where the outcome of a job goes, and since when the job has been running. */
export interface OutcomePlace {
  readonly directory: string;
  readonly key: string;
  /** By Date.now(). */
  readonly startedAt: number;
}

/** Gathers what came of the job's calls, and writes it once. */
export class OutcomeWriter {
  readonly place: OutcomePlace;
  readonly #items: ItemOutcome[] = [];
  #expected = 1;
  #timeLimit: TimeLimit | undefined;
  #written = false;

  constructor(directory: string, key: string) {
    this.place = { directory, key, startedAt: Date.now() };
  }

  /** How many calls the job has, and how long each may take. */
  expect(items: number, timeLimit: TimeLimit | undefined): void {
    this.#expected = items;
    this.#timeLimit = timeLimit;
  }

  add(item: ItemOutcome): void {
    this.#items.push(item);
    this.#timeLimit?.end(item);
  }

  /** All calls that have no outcome yet fail with this, and the job is done. */
  fail(error: unknown): void {
    if (this.#written) return;
    const thrown = encodeThrown(error);
    while (this.#items.length < this.#expected) this.#items.push({ thrown });
    this.write();
  }

  /** Synchronous, so that it works while the process ends. */
  write(): void {
    if (this.#written) return;
    this.#written = true;
    this.#timeLimit?.claim();
    writeOutcome(this.place, this.#items);
  }
}

/** Writes the outcome of a job: what came of each of its calls, and what they used. */
export function writeOutcome(
  { directory, key, startedAt }: OutcomePlace,
  items: readonly ItemOutcome[],
): void {
  const used = process.resourceUsage();
  const outcome = encodeOutcome({
    items,
    host: hostname(),
    pid: process.pid,
    nodeVersion: process.version,
    startedAt,
    endedAt: Date.now(),
    userCpuMs: used.userCPUTime / 1000,
    systemCpuMs: used.systemCPUTime / 1000,
    peakMemoryBytes: used.maxRSS * 1024,
  });
  // Who sees the outcome, on another machine, can see all that was printed before it.
  for (const stream of [1, 2]) flush(stream);
  writeWholeSync(outcomeFile(directory, key), outcome);
}

function flush(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch {
    // It is no file.
  }
}
