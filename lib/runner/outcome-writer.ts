import { fsyncSync } from 'node:fs';
import { hostname } from 'node:os';
import { outcomeFile } from '../job-set/names.ts';
import { writeWholeSync } from '../job-set/write-whole.ts';
import { encodeOutcome, type ItemOutcome } from '../payload/call.ts';
import { encodeThrown } from '../payload/thrown.ts';

/** Gathers what came of the job's calls, and writes it once. */
export class OutcomeWriter {
  readonly #directory: string;
  readonly #key: string;
  readonly #startedAt = Date.now();
  readonly #items: ItemOutcome[] = [];
  #expected = 1;
  #written = false;

  constructor(directory: string, key: string) {
    this.#directory = directory;
    this.#key = key;
  }

  /** How many calls the job has. */
  expect(items: number): void {
    this.#expected = items;
  }

  add(item: ItemOutcome): void {
    this.#items.push(item);
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
    const used = process.resourceUsage();
    const outcome = encodeOutcome({
      items: this.#items,
      host: hostname(),
      pid: process.pid,
      nodeVersion: process.version,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      userCpuMs: used.userCPUTime / 1000,
      systemCpuMs: used.systemCPUTime / 1000,
      peakMemoryBytes: used.maxRSS * 1024,
    });
    // Who sees the outcome, on another machine, can see all that was printed before it.
    for (const stream of [1, 2]) flush(stream);
    writeWholeSync(outcomeFile(this.#directory, this.#key), outcome);
  }
}

function flush(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch {
    // It is no file.
  }
}
