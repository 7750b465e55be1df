import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { ResultNotWrittenError } from '../base/errors.ts';
import { CANNOT_WRITE, outcomeFile, stderrFile, stdoutFile } from '../job-set/names.ts';
import { writeWholeSync } from '../job-set/whole-files.ts';
import type { Printed } from '../job-set/worker-inbox.ts';
import type { InsideCall } from '../job.ts';
import { type CallOptions, encodeOutcome, type ItemOutcome, unseal } from '../payload/call.ts';
import { lazy } from './lazy.ts';
import type { OutcomeQueue } from './worker/outcome-queue.ts';

/** Gathers what came of the job's calls, and writes it once. */
export class OutcomeWriter {
  readonly place: OutcomePlace;
  /** The call in whose course it is asked. */
  running: () => RunningCall | undefined = () => undefined;
  /** The job is being taken off its machine: it is to be run again, so what goes wrong now is no outcome. */
  leaving = false;
  readonly #items: ItemOutcome[] = [];
  #expected = 1;
  #timeLimit: TimeLimit | undefined;
  #written = false;

  /** @param before how far the process had come, if it has made calls before */
  constructor(directory: string, key: string, before?: Before) {
    this.place = { directory, key, startedAt: Date.now(), before };
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
    if (this.#written || this.leaving) return;
    const failure = lazy().failureOf(error);
    while (this.#items.length < this.#expected) this.#items.push(failure);
    this.write();
  }

  /**
   * Synchronous, so that it works while the process ends.
   * @param queue which need not wait for the disk
   */
  write(queue?: OutcomeQueue): void {
    if (this.#written) return;
    this.#written = true;
    this.#timeLimit?.claim();
    writeOutcome(this.place, this.#items, queue);
  }

  /** The process goes on, and its time is no matter of this job any more. */
  async release(): Promise<void> {
    await this.#timeLimit?.stop();
  }
}

/** The part of a time limit that the writer uses: a call is done; the outcome is about to be written; nothing is left to end. */
interface TimeLimit {
  end(item: ItemOutcome): void;
  claim(): void;
  stop(): Promise<void>;
}

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
  const thrown = lazy().encodeThrown(new ResultNotWrittenError(message, { cause: error }));
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

/** How far the process of a worker had come before a call: what came since then is the call's. */
export interface Before extends Printed {
  /** The worker's own key, under which its process writes. */
  readonly worker: string;
  /** In microseconds. */
  readonly userCpu: number;
  readonly systemCpu: number;
}

export function lookBefore(worker: string): Before {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { worker, userCpu: userCPUTime, systemCpu: systemCPUTime, stdout: sizeOf(1), stderr: sizeOf(2) };
}

/** Gives a call the output of its own that a job of its own would have; nothing is written where it has printed nothing. */
export function copyPrinted({ directory, key }: { directory: string; key: string }, before: Before): void {
  copyRange(1, before.stdout, stdoutFile(directory, before.worker), stdoutFile(directory, key));
  copyRange(2, before.stderr, stderrFile(directory, before.worker), stderrFile(directory, key));
}

function copyRange(descriptor: number, start: number, from: string, to: string): void {
  const end = sizeOf(descriptor);
  if (end <= start) return;
  try {
    writeWholeSync(to, readRange(from, start, end));
  } catch {
    // What came of the call counts for more; a disk that is full says so when that is written.
  }
}

function readRange(file: string, start: number, end: number): Buffer {
  const source = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(end - start);
    const length = readSync(source, bytes, 0, bytes.length, start);
    return bytes.subarray(0, length);
  } finally {
    closeSync(source);
  }
}

/** 0 for what is no file. */
function sizeOf(descriptor: number): number {
  try {
    return fstatSync(descriptor).size;
  } catch {
    return 0;
  }
}

/** A call while it is being made. */
export interface RunningCall {
  /** Of its job. */
  readonly writer: OutcomeWriter;
  /** Which of the calls of its job it is, counted from 0, and how many there are. */
  readonly item: number;
  readonly items: number;
  readonly options: CallOptions;
  /** Made when the call first asks for it. */
  inside: Ending | undefined;
}

/** What a call was given, which ends with it. */
interface Ending extends InsideCall {
  /** Does not return if the process is to end without an outcome. */
  end(outcome: ItemOutcome): Promise<void>;
}
