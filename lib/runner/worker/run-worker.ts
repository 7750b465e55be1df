import { AsyncLocalStorage } from 'node:async_hooks';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
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
import type { EncodedCall } from '../../payload/call.ts';
import { FunctionSource, type LoadedFunction } from '../../payload/deserialize.ts';
import { guardProcess, type Guarded } from '../guard-process.ts';
import { lazy } from '../lazy.ts';
import { makeCalls, offerInside } from '../make-calls.ts';
import { hasOutcome, measureUsage, OutcomeWriter } from '../outcome.ts';
import { readCall, readFunction } from '../read-job.ts';
import { OutcomeQueue } from './outcome-queue.ts';

/** The pause between two reads of the inbox; it grows while the worker is idle. */
const SHORTEST_SLEEP_MS = 1;
const LONGEST_SLEEP_MS = 50;
const SLEEP_GROWTH = 1.25;
/** How long reading the inbox may fail before the worker gives up. */
const PATIENCE_MS = 20_000;
/** Number of loaded functions that a worker keeps; more would be memory that is never freed. */
const MAX_FUNCTIONS = 64;

/**
 * Makes the calls in a worker's inbox, in their order, until the inbox is closed or stays empty.
 * @param idleTimeout how long the worker waits for a call, in milliseconds
 * @param onIdle is called when the worker is idle for the first time
 */
export async function runWorker(
  directory: string,
  worker: number,
  idleTimeout: number,
  onIdle: () => void,
): Promise<void> {
  // A batch system restarts an evicted job; by then other workers have its calls.
  if (!isFirstStart(startedFile(directory, worker))) return;
  // Loaded before the calls: no call pays for it, and what `onIdle` caches contains it.
  lazy();
  const workerProcess = new WorkerProcess(directory, worker, idleTimeout);
  await workerProcess.run(onIdle);
  await workerProcess.end();
}

function isFirstStart(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify({ host: hostname(), pid: process.pid }), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

class WorkerProcess implements Guarded {
  readonly #directory: string;
  readonly #worker: number;
  readonly #idleTimeout: number;
  readonly #inbox: InboxReader;
  readonly #functions: FunctionCache;
  readonly #outcomes: OutcomeQueue;
  /** Read from the inbox, and not started yet. */
  #assignments: Assignment[] = [];
  #isClosed = false;
  /** Numbers of the assignments whose files are still there. */
  readonly #taken: number[] = [];
  /** Since when the inbox cannot be read. */
  #unreadableSince: number | undefined;
  /** A call left state behind (timers, children): this process must not run another call. */
  #tainted = false;
  #cannotWrite = false;
  #writer: OutcomeWriter | undefined;
  /** Tells which call an asynchronous operation belongs to. */
  readonly #storage = new AsyncLocalStorage<OutcomeWriter>();

  constructor(directory: string, worker: number, idleTimeout: number) {
    this.#directory = directory;
    this.#worker = worker;
    this.#idleTimeout = idleTimeout;
    this.#inbox = new InboxReader(inboxFile(directory, worker));
    this.#functions = new FunctionCache(directory);
    this.#outcomes = new OutcomeQueue(outcomesDirectory(directory));
  }

  async run(onIdle: () => void): Promise<void> {
    guardProcess(this);
    offerInside(() => this.#storage.getStore()?.running());
    process.on('exit', () => this.#outcomes.finishNow());
    const state = new ProcessState();
    let idleSince = performance.now();
    let sleep = SHORTEST_SLEEP_MS;
    let wasIdle = false;
    while (!this.#tainted) {
      const assignment = this.#next();
      if (assignment !== undefined) {
        await this.#make(assignment, state);
        if (hasChildren()) return;
        idleSince = performance.now();
        sleep = SHORTEST_SLEEP_MS;
        continue;
      }
      this.#checkWriteErrors();
      if (this.#tainted || this.#isClosed || performance.now() - idleSince > this.#idleTimeout) return;
      await new Promise((resolve) => setTimeout(resolve, sleep));
      sleep = Math.min(sleep * SLEEP_GROWTH, LONGEST_SLEEP_MS);
      if (sleep === LONGEST_SLEEP_MS && !wasIdle) {
        wasIdle = true;
        onIdle();
      }
    }
  }

  /** Resolves when all outcomes are on the disk. */
  async end(): Promise<void> {
    await this.#outcomes.idle();
    this.#checkWriteErrors();
    if (this.#cannotWrite) process.exitCode = CANNOT_WRITE;
  }

  get writer(): OutcomeWriter | undefined {
    return this.#writer;
  }

  outlives(): boolean {
    const thrower = this.#storage.getStore();
    if (thrower === undefined || thrower === this.#writer) return false;
    this.#tainted = true;
    // Between two calls, there is no call to wait for.
    return this.#writer !== undefined;
  }

  /**
   * Notices that an outcome could not be written: only the exit code says so, if not even the error could be
   * written.
   */
  #checkWriteErrors(): void {
    if (process.exitCode !== CANNOT_WRITE) return;
    this.#tainted = true;
    this.#cannotWrite = true;
  }

  #next(): Assignment | undefined {
    if (this.#assignments.length === 0) this.#readInbox();
    return this.#assignments.shift();
  }

  #readInbox(): void {
    try {
      for (const line of this.#inbox.read()) this.#onLine(line);
      this.#unreadableSince = undefined;
    } catch (error) {
      // A network file system may lose a file for a while; a deleted job set does not come back.
      this.#unreadableSince ??= performance.now();
      if (performance.now() - this.#unreadableSince > PATIENCE_MS) throw error;
    }
  }

  #onLine(line: InboxLine): void {
    if (line.kind === 'close') {
      this.#isClosed = true;
      return;
    }
    this.#assignments.push(...line.assignments);
    while (this.#taken[0] !== undefined && this.#taken[0] < line.known)
      this.#deleteTaken(this.#taken.shift());
  }

  #deleteTaken(assignment: number | undefined): void {
    try {
      unlinkSync(takenFile(this.#directory, this.#worker, assignment ?? 0));
    } catch {
      // The file is deleted with the worker's directory.
    }
  }

  async #make({ number, key, ...location }: Assignment, state: ProcessState): Promise<void> {
    const before = measureUsage(workerKey(this.#worker));
    const taken = takenFile(this.#directory, this.#worker, number);
    if (!takeSync(taken, blankFile(this.#directory, this.#worker), before)) return;
    this.#taken.push(number);
    const writer = new OutcomeWriter(this.#directory, key, before);
    if (hasOutcome(writer.place)) return;
    this.#writer = writer;
    try {
      const call = readCall(this.#directory, location);
      await this.#storage.run(writer, async () =>
        makeCalls(writer, call, async () => this.#functions.load(call)),
      );
    } catch (error) {
      writer.fail(error);
    }
    this.#checkWriteErrors();
    // Before the outcome is written, because the umask and the working directory apply to it.
    state.restore();
    writer.write(this.#outcomes);
    this.#checkWriteErrors();
    // The machine is being left: a call that started now would be cut off.
    if (writer.leaving) this.#tainted = true;
    this.#writer = undefined;
    await writer.release();
    await this.#outcomes.room();
  }
}

/** Reads a worker's inbox from where the last read stopped. */
class InboxReader {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Reads the new lines. Opens the file each time, because only then does a network file system check what
   * others have written.
   * @throws {OwnershipError} if another user could have written it; the file system's error if it is missing
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

/**
 * The functions that a worker knows: compiled, and made anew for each call. Only a prepared function is kept
 * with its state, which later calls find as earlier calls left it.
 */
class FunctionCache {
  readonly #directory: string;
  /** Sources by hash, options and, for prepared functions, id; the least recently used one is first. */
  readonly #sources = new Map<string, FunctionSource>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async load({ function: hash, options, kept }: EncodedCall): Promise<LoadedFunction> {
    const name = `${hash} ${options.otherNode} ${kept ?? ''}`;
    const known = this.#sources.get(name);
    this.#sources.delete(name);
    const source =
      known ?? new FunctionSource(readFunction(this.#directory, hash), options, kept !== undefined);
    this.#sources.set(name, source);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > MAX_FUNCTIONS && oldest !== undefined) this.#sources.delete(oldest);
    return source.load();
  }
}

/** The state of the process that calls can change, as it was before the first call. */
class ProcessState {
  readonly #cwd: string = process.cwd();
  readonly #umask: number = process.umask();
  readonly #environment: Readonly<NodeJS.ProcessEnv> = { ...process.env };
  readonly #listeners = new Map(process.eventNames().map((name) => [name, process.rawListeners(name)]));

  /** Undoes the changes of a call, as far as that is cheap. */
  restore(): void {
    process.exitCode = undefined;
    if (process.cwd() !== this.#cwd) process.chdir(this.#cwd);
    process.umask(this.#umask);
    for (const name of Object.keys(process.env)) {
      if (!Object.hasOwn(this.#environment, name)) delete process.env[name];
    }
    for (const [name, value] of Object.entries(this.#environment)) {
      if (process.env[name] !== value) process.env[name] = value;
    }
    for (const name of new Set([...this.#listeners.keys(), ...process.eventNames()])) {
      this.#restoreListeners(name);
    }
  }

  #restoreListeners(name: string | symbol): void {
    const known = this.#listeners.get(name) ?? [];
    const listeners = process.rawListeners(name);
    for (const listener of listeners) {
      if (!known.includes(listener)) process.off(name, listener as () => void);
    }
    // Without the runner's own listeners, nothing would report how a later call ended the process.
    for (const listener of known) {
      if (!listeners.includes(listener)) process.on(name, listener as () => void);
    }
  }
}

/** Whether the process has child processes, which end with it. Always false where there is no /proc. */
function hasChildren(): boolean {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8') !== '';
  } catch {
    return false;
  }
}
