import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { ResultNotWrittenError } from '../base/errors.ts';
import { CANNOT_WRITE, outcomeFile, stderrFile, stdoutFile } from '../job-set/names.ts';
import { writeWholeSync } from '../job-set/whole-files.ts';
import type { Printed } from '../job-set/worker-inbox.ts';
import type { InsideCall } from '../job.ts';
import { type CallOptions, encodeOutcome, type ItemOutcome, unseal } from '../payload/call.ts';
import type { Identities } from '../payload/identities.ts';
import { lazy } from './lazy.ts';
import type { OutcomeQueue } from './worker/outcome-queue.ts';

/** Collects the outcomes of a job's calls, and writes them once. */
export class OutcomeWriter {
  readonly place: OutcomePlace;
  /** Returns the call that is currently executing. */
  running: () => RunningCall | undefined = () => undefined;
  /**
   * Whether the job is leaving its machine and will be run again, so that errors from now on are no outcome.
   */
  leaving = false;
  readonly #items: ItemOutcome[] = [];
  #expected = 1;
  #timeLimit: TimeLimit | undefined;
  #written = false;

  /** @param before usage of a worker's process before this call */
  constructor(directory: string, key: string, before?: UsageBefore) {
    this.place = { directory, key, startedAt: Date.now(), before };
  }

  /**
   * @param items number of the job's calls
   * @param timeLimit of each of them
   */
  expect(items: number, timeLimit: TimeLimit | undefined): void {
    this.#expected = items;
    this.#timeLimit = timeLimit;
  }

  add(item: ItemOutcome): void {
    this.#items.push(item);
    this.#timeLimit?.end(item);
  }

  /** Fails all calls that have no outcome yet, and writes the outcome of the job. */
  fail(error: unknown): void {
    if (this.#written || this.leaving) return;
    const failure = lazy().failureOf(error);
    while (this.#items.length < this.#expected) this.#items.push(failure);
    this.write();
  }

  /**
   * Writes the outcome of the job. Synchronous, so that it works while the process exits.
   * @param queue writes without waiting for the disk
   */
  write(queue?: OutcomeQueue): void {
    if (this.#written) return;
    this.#written = true;
    this.#timeLimit?.claim();
    writeOutcome(this.place, this.#items, queue);
  }

  /** Stops the time limit, because the process continues with other calls. */
  async release(): Promise<void> {
    await this.#timeLimit?.stop();
  }
}

/** A call while it is being made. */
export interface RunningCall {
  /** Writer of its job's outcome. */
  readonly writer: OutcomeWriter;
  /** Index among the calls of its job. */
  readonly item: number;
  /** Number of the job's calls. */
  readonly items: number;
  readonly options: CallOptions;
  /** Classes and constants that came with the function and arguments; undefined until these are loaded. */
  identities?: Identities;
  /** Created when the call first uses a function of job.ts. */
  inside: EndableInside | undefined;
}

interface EndableInside extends InsideCall {
  /**
   * Is called when the call has returned or thrown. Never resolves if the process is to end without an
   * outcome.
   */
  end(outcome: ItemOutcome): Promise<void>;
}

/** The methods of a time limit that the writer calls. */
interface TimeLimit {
  /** A call has ended with this outcome. */
  end(item: ItemOutcome): void;
  /** The outcome is about to be written. */
  claim(): void;
  stop(): Promise<void>;
}

/** Identifies the outcome of a job, and says since when the job has been running. */
export interface OutcomePlace {
  /** Directory of the job set. */
  readonly directory: string;
  readonly key: string;
  /** The time when the call started, as Date.now() has it. */
  readonly startedAt: number;
  /** Usage of a worker's process before this call. */
  readonly before?: UsageBefore | undefined;
}

/** Whether the job has a whole outcome already; one that was torn by a crash does not count. */
export function hasOutcome({ directory, key }: OutcomePlace): boolean {
  try {
    return unseal(readFileSync(outcomeFile(directory, key))) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Writes the outcome of a job: the outcome of each of its calls, and the resources used. Never throws.
 * @param queue writes without waiting for the disk
 */
export function writeOutcome(place: OutcomePlace, items: readonly ItemOutcome[], queue?: OutcomeQueue): void {
  // A machine that sees the outcome must also see everything printed before it.
  if (place.before === undefined) for (const stream of [1, 2]) flush(stream);
  else copyPrinted(place, place.before);
  const file = outcomeFile(place.directory, place.key);
  try {
    const bytes = encode(place, items);
    if (queue === undefined) writeWholeSync(file, bytes);
    else queue.write(file, bytes, (error) => writeError(place, items, error));
  } catch (error) {
    writeError(place, items, error as Error);
  }
}

/**
 * Writes why the outcome could not be written. A full disk may hold these few bytes, once the temporary file
 * is deleted.
 */
function writeError(place: OutcomePlace, items: readonly ItemOutcome[], error: Error): void {
  const message = `The result could not be written: ${error.message}`;
  process.exitCode = CANNOT_WRITE;
  printError(`condor-futures: ${message}`);
  const thrown = lazy().encodeThrown(new ResultNotWrittenError(message, { cause: error }));
  const bytes = encode(
    place,
    items.map(() => ({ thrown })),
  );
  try {
    writeWholeSync(outcomeFile(place.directory, place.key), bytes);
  } catch (again) {
    printError(`condor-futures: nor could these words: ${(again as Error).message}`);
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
    peakMemoryBytes: peakMemory() ?? used.maxRSS * 1024,
  });
}

/**
 * The most memory that this process has used, in bytes. The kernel's `maxRSS` begins with that of the process
 * that started it, such as a program with its data. Undefined where there is no /proc.
 */
function peakMemory(): number | undefined {
  try {
    // To open the file takes ten times as long as to read it again.
    statusFile ??= openSync('/proc/self/status', 'r');
    const length = readSync(statusFile, status, 0, status.length, 0);
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(status.toString('latin1', 0, length)) ?? [];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

let statusFile: number | undefined;
const status = Buffer.alloc(4096);

/** Writes synchronously, because the process is about to exit. */
function printError(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // The disk is full; the exit code says so.
  }
}

function flush(descriptor: number): void {
  try {
    // For a job that prints nothing, an fsync would make the file system write the empty logs.
    if (fstatSync(descriptor).size > 0) fsyncSync(descriptor);
  } catch {
    // Not a file.
  }
}

/**
 * CPU time and log sizes of a worker's process before a call; the difference afterwards belongs to the call.
 */
export interface UsageBefore extends Printed {
  /** The worker's own key, under which its process writes its logs. */
  readonly worker: string;
  /** In microseconds. */
  readonly userCpu: number;
  /** In microseconds. */
  readonly systemCpu: number;
}

export function measureUsage(worker: string): UsageBefore {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { worker, userCpu: userCPUTime, systemCpu: systemCPUTime, stdout: sizeOf(1), stderr: sizeOf(2) };
}

/**
 * Copies what the call has printed from the worker's logs to logs of its own. Writes nothing if it printed
 * nothing.
 */
function copyPrinted({ directory, key }: OutcomePlace, before: UsageBefore): void {
  copyRange(1, before.stdout, stdoutFile(directory, before.worker), stdoutFile(directory, key));
  copyRange(2, before.stderr, stderrFile(directory, before.worker), stderrFile(directory, key));
}

function copyRange(descriptor: number, start: number, from: string, to: string): void {
  const end = sizeOf(descriptor);
  if (end <= start) return;
  try {
    writeWholeSync(to, readRange(from, start, end));
  } catch {
    // The outcome is more important than the output; if the disk is full, writing the outcome says so.
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

/** @returns 0 for a descriptor that is not a file */
function sizeOf(descriptor: number): number {
  try {
    return fstatSync(descriptor).size;
  } catch {
    return 0;
  }
}
