import { fsyncSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { ResultNotWrittenError } from '../errors.ts';
import { CANNOT_WRITE } from '../job-set/exit-codes.ts';
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
    // Who sees the outcome, on another machine, can see all that was printed before it.
    for (const stream of [1, 2]) flush(stream);
    const file = outcomeFile(this.#directory, this.#key);
    try {
      writeWholeSync(file, this.#encode(this.#items));
    } catch (error) {
      this.#onUnwritable(file, error as Error);
    }
  }

  /** A disk that is full may have room for a few words, once the temporary file is gone. */
  #onUnwritable(file: string, error: Error): void {
    const message = `The result could not be written: ${error.message}`;
    process.exitCode = CANNOT_WRITE;
    tell(`condor-futures: ${message}`);
    const items = this.#items.map(() => ({
      thrown: encodeThrown(new ResultNotWrittenError(message, { cause: error })),
    }));
    try {
      writeWholeSync(file, this.#encode(items));
    } catch (again) {
      tell(`condor-futures: nor could these words: ${(again as Error).message}`);
    }
  }

  #encode(items: readonly ItemOutcome[]): Buffer {
    const used = process.resourceUsage();
    return encodeOutcome({
      items,
      host: hostname(),
      pid: process.pid,
      nodeVersion: process.version,
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      userCpuMs: used.userCPUTime / 1000,
      systemCpuMs: used.systemCPUTime / 1000,
      peakMemoryBytes: used.maxRSS * 1024,
    });
  }
}

/** At once, as the process is about to end; where the disk is full, perhaps in vain. */
function tell(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // The exit code tells.
  }
}

function flush(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch {
    // It is no file.
  }
}
