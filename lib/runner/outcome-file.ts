import { fstatSync, fsyncSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { ResultNotWrittenError } from '../errors.ts';
import { CANNOT_WRITE } from '../job-set/exit-codes.ts';
import { outcomeFile } from '../job-set/names.ts';
import { writeWholeSync } from '../job-set/write-whole.ts';
import { copyPrinted, type Before } from './before.ts';
import type { OutcomeQueue } from './outcome-queue.ts';
import { encodeOutcome, type ItemOutcome } from '../payload/call.ts';
import { unseal } from '../payload/sealed.ts';
import { seldom } from './seldom.ts';

/** Where the outcome of a job goes, and since when the job has been running. */
export interface OutcomePlace {
  readonly directory: string;
  readonly key: string;
  /** By Date.now(). */
  readonly startedAt: number;
  /** How far the process had come before, if it is a worker. */
  readonly before?: Before | undefined;
}

/** Whether the job has been run to its end already; an outcome that was torn by a crash is none. */
export function hasOutcome({ directory, key }: OutcomePlace): boolean {
  try {
    return unseal(readFileSync(outcomeFile(directory, key))) !== undefined;
  } catch {
    return false;
  }
}

/** Writes the outcome of a job: what came of each of its calls, and what they used. Never throws.
 * @param queue which need not wait for the disk
 */
export function writeOutcome(place: OutcomePlace, items: readonly ItemOutcome[], queue?: OutcomeQueue): void {
  // Who sees the outcome, on another machine, can see all that was printed before it.
  if (place.before === undefined) for (const stream of [1, 2]) flush(stream);
  else copyPrinted(place, place.before);
  const file = outcomeFile(place.directory, place.key);
  try {
    const bytes = encode(place, items);
    if (queue === undefined) writeWholeSync(file, bytes);
    else queue.write(file, bytes, (error) => tellUnwritable(place, items, error));
  } catch (error) {
    tellUnwritable(place, items, error as Error);
  }
}

/** A disk that is full may have room for a few words, once the temporary file is gone. */
function tellUnwritable(place: OutcomePlace, items: readonly ItemOutcome[], error: Error): void {
  const message = `The result could not be written: ${error.message}`;
  process.exitCode = CANNOT_WRITE;
  tell(`condor-futures: ${message}`);
  const thrown = seldom().encodeThrown(new ResultNotWrittenError(message, { cause: error }));
  const words = encode(
    place,
    items.map(() => ({ thrown })),
  );
  try {
    writeWholeSync(outcomeFile(place.directory, place.key), words);
  } catch (again) {
    tell(`condor-futures: nor could these words: ${(again as Error).message}`);
  }
}

function encode({ startedAt, before }: OutcomePlace, items: readonly ItemOutcome[]): Buffer {
  const used = process.resourceUsage();
  return encodeOutcome({
    items,
    host: hostname(),
    pid: process.pid,
    nodeVersion: process.version,
    startedAt,
    endedAt: Date.now(),
    userCpuMs: (used.userCPUTime - (before?.userCpu ?? 0)) / 1000,
    systemCpuMs: (used.systemCPUTime - (before?.systemCpu ?? 0)) / 1000,
    peakMemoryBytes: used.maxRSS * 1024,
  });
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
    // Of a job that prints nothing, a filesystem would be made to write that its logs exist.
    if (fstatSync(descriptor).size > 0) fsyncSync(descriptor);
  } catch {
    // It is no file.
  }
}
