import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  blankFile,
  CANNOT_WRITE,
  inboxFile,
  outcomesDirectory,
  startedFile,
  takenFile,
  workerKey,
} from '../../job-set/names.ts';
import { checkOwnership, refuseLink } from '../../job-set/trusted-files.ts';
import { type Assignment, type InboxLine, parseInbox, takeSync } from '../../job-set/worker-inbox.ts';
import type { CallOptions } from '../../payload/call.ts';
import { deserialize } from '../../payload/deserialize.ts';
import type { AnyFunction } from '../../payload/graph.ts';
import { guardProcess } from '../guard-process.ts';
import { makeCalls, offerInside } from '../make-calls.ts';
import { hasOutcome, lookBefore, OutcomeWriter } from '../outcome.ts';
import { readCall, readFunction } from '../read-job.ts';
import { OutcomeQueue } from './outcome-queue.ts';
import { hasChildren, ProcessState } from './process-state.ts';

/** How long it sleeps between two looks into its inbox: little while it is busy, and then more and more. */
const SHORTEST_SLEEP_MS = 1;
const LONGEST_SLEEP_MS = 50;
const SLEEP_GROWTH = 1.25;
/** How long its inbox may be out of reach. */
const PATIENCE_MS = 20_000;

/**
 * Makes the calls that its inbox gives it, in their order, until there are no more.
 * @param idleTimeout how long it waits for one, in milliseconds
 * @param onIdle is called when it has nothing to do for the first time
 */
export async function runWorker(
  directory: string,
  worker: number,
  idleTimeout: number,
  onIdle: () => void,
): Promise<void> {
  // A batch system starts a job again that was evicted: others have its calls by then.
  if (!isFirstLife(startedFile(directory, worker))) return;
  const life = new WorkerLife(directory, worker, idleTimeout);
  await life.run(onIdle);
  await life.end();
}

function isFirstLife(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify({ host: hostname(), pid: process.pid }), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

class WorkerLife {
  readonly #directory: string;
  readonly #worker: number;
  readonly #idleTimeout: number;
  readonly #inbox: InboxReader;
  readonly #functions: KeptFunctions;
  readonly #outcomes: OutcomeQueue;
  /** Given, and not looked at yet. */
  #assignments: Assignment[] = [];
  #closed = false;
  /** Those that were taken here, and that nobody needs to know so any more. */
  readonly #taken: number[] = [];
  #known = 0;
  /** Since when its inbox cannot be read. */
  #troubleSince: number | undefined;
  /** A call has left something behind that is no longer in anybody's hands: no other call is to meet it. */
  #spoilt = false;
  #cannotWrite = false;
  #writer: OutcomeWriter | undefined;
  /** Which call it is in whose course something runs. */
  readonly #course = new AsyncLocalStorage<OutcomeWriter>();

  constructor(directory: string, worker: number, idleTimeout: number) {
    this.#directory = directory;
    this.#worker = worker;
    this.#idleTimeout = idleTimeout;
    this.#inbox = new InboxReader(inboxFile(directory, worker));
    this.#functions = new KeptFunctions(directory);
    this.#outcomes = new OutcomeQueue(outcomesDirectory(directory));
  }

  async run(onIdle: () => void): Promise<void> {
    guardProcess(this);
    offerInside(() => this.#course.getStore()?.running());
    process.on('exit', () => this.#outcomes.finishNow());
    const state = new ProcessState();
    let idleSince = performance.now();
    let sleep = SHORTEST_SLEEP_MS;
    let hasTold = false;
    while (!this.#spoilt) {
      const assignment = this.#next();
      if (assignment !== undefined) {
        await this.#make(assignment, state);
        if (hasChildren()) return;
        idleSince = performance.now();
        sleep = SHORTEST_SLEEP_MS;
        continue;
      }
      this.#heedTrouble();
      if (this.#spoilt || this.#closed || performance.now() - idleSince > this.#idleTimeout) return;
      await new Promise((resolve) => setTimeout(resolve, sleep));
      sleep = Math.min(sleep * SLEEP_GROWTH, LONGEST_SLEEP_MS);
      if (sleep === LONGEST_SLEEP_MS && !hasTold) {
        hasTold = true;
        onIdle();
      }
    }
  }

  /** Resolves when all that it has made is on the disk. */
  async end(): Promise<void> {
    await this.#outcomes.idle();
    this.#heedTrouble();
    if (this.#cannotWrite) process.exitCode = CANNOT_WRITE;
  }

  get writer(): OutcomeWriter | undefined {
    return this.#writer;
  }

  outlives(): boolean {
    const blamed = this.#course.getStore();
    if (blamed === undefined || blamed === this.#writer) return false;
    this.#spoilt = true;
    // Between two calls, there is nothing to wait for.
    return this.#writer !== undefined;
  }

  /** Perhaps not even the trouble could be written down: the exit code tells. */
  #heedTrouble(): void {
    if (process.exitCode !== CANNOT_WRITE) return;
    this.#spoilt = true;
    this.#cannotWrite = true;
  }

  #next(): Assignment | undefined {
    if (this.#assignments.length === 0) this.#look();
    return this.#assignments.shift();
  }

  #look(): void {
    try {
      for (const line of this.#inbox.read()) this.#take(line);
      this.#troubleSince = undefined;
    } catch (error) {
      // A network filesystem may lose a file for a while; a job set that was removed stays so.
      this.#troubleSince ??= performance.now();
      if (performance.now() - this.#troubleSince > PATIENCE_MS) throw error;
    }
  }

  #take(line: InboxLine): void {
    if (line.kind === 'close') {
      this.#closed = true;
      return;
    }
    this.#assignments.push(...line.assignments);
    this.#known = line.known;
    while (this.#taken[0] !== undefined && this.#taken[0] < this.#known) this.#forget(this.#taken.shift());
  }

  #forget(assignment: number | undefined): void {
    try {
      unlinkSync(takenFile(this.#directory, this.#worker, assignment ?? 0));
    } catch {
      // Litter, that goes with the worker's directory.
    }
  }

  async #make({ number, key, ...location }: Assignment, state: ProcessState): Promise<void> {
    const before = lookBefore(workerKey(this.#worker));
    const taken = takenFile(this.#directory, this.#worker, number);
    if (!takeSync(taken, blankFile(this.#directory, this.#worker), before)) return;
    this.#taken.push(number);
    const writer = new OutcomeWriter(this.#directory, key, before);
    if (hasOutcome(writer.place)) return;
    this.#writer = writer;
    try {
      const call = readCall(this.#directory, location);
      await this.#course.run(writer, async () =>
        makeCalls(writer, call, async () => this.#functions.load(call.function, call.options)),
      );
    } catch (error) {
      writer.fail(error);
    }
    this.#heedTrouble();
    // At first: what is written is to be as the job set's files are.
    state.restore();
    writer.write(this.#outcomes);
    this.#heedTrouble();
    // Calls that it began now would be cut off.
    if (writer.leaving) this.#spoilt = true;
    this.#writer = undefined;
    await writer.release();
    await this.#outcomes.room();
  }
}

/** Reads what a worker is given, from where it stopped last. */
export class InboxReader {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The lines that are new. The file is opened each time: only then does a network filesystem look what others have written.
   * @throws {OwnershipError} if another user could have written it; what the filesystem says if it is gone
   */
  read(): readonly InboxLine[] {
    const descriptor = this.#open();
    try {
      const stats = fstatSync(descriptor);
      if (stats.size <= this.#offset) return [];
      checkOwnership(this.#file, stats);
      const bytes = Buffer.alloc(stats.size - this.#offset);
      const length = readSync(descriptor, bytes, 0, bytes.length, this.#offset);
      const { lines, consumed } = parseInbox(bytes.subarray(0, length));
      this.#offset += consumed;
      return lines;
    } finally {
      closeSync(descriptor);
    }
  }

  #open(): number {
    try {
      return openSync(this.#file, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      refuseLink(this.#file, error);
      throw error;
    }
  }
}

/** More of them would be memory that nothing gives back. */
const MOST = 64;

/** The functions that a worker has loaded, by what they hash to: they stay, with what they have captured. */
export class KeptFunctions {
  readonly #directory: string;
  readonly #functions = new Map<string, AnyFunction>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async load(hash: string, options: CallOptions): Promise<AnyFunction> {
    const name = `${hash} ${options.otherNode}`;
    const known = this.#functions.get(name);
    // The one that was used last is last.
    this.#functions.delete(name);
    const fn = known ?? ((await deserialize(readFunction(this.#directory, hash), options)) as AnyFunction);
    this.#functions.set(name, fn);
    const [oldest] = this.#functions.keys();
    if (this.#functions.size > MOST && oldest !== undefined) this.#functions.delete(oldest);
    return fn;
  }
}
