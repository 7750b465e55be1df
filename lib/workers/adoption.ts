import { readdir, readFile } from 'node:fs/promises';
import type { BatchSystem, JobBatch } from '../batch/batch-system.ts';
import { inboxFile, takenFile, workerFile, workerKey, workersDirectory } from '../job-set/names.ts';
import { type Assignment, parseInbox, readTaken } from '../job-set/worker-inbox.ts';
import { appendLine } from './assignments.ts';
import type { Dispatcher } from './dispatcher.ts';
import { idOf, newCall, newWorker, type Worker } from './model.ts';
import type { WorkerNote } from './worker-files.ts';

const LINE_BREAK = 0x0a;

/** A worker of an earlier process, as the disk tells it. */
interface FoundWorker {
  readonly number: number;
  readonly note: WorkerNote;
  /** Those that were not taken back. */
  readonly assignments: readonly Assignment[];
  readonly lastAssignment: number;
  /** The process that wrote its inbox was killed in the middle of a line. */
  readonly isCutOff: boolean;
}

/** Takes up the workers that an earlier process has started, and the calls that they have as somebody asks for them. */
export class Adoption {
  readonly #dispatcher: Dispatcher;
  /** Who has, or had, a call last, by its key; for as long as nobody has asked. */
  readonly #holders = new Map<string, { readonly worker: Worker; readonly assignment: Assignment }>();

  /**
   * Does nothing in a new job set.
   * @throws {CommandError} if the batch system gives no answer; what the filesystem says if it gives none
   */
  static async begin(
    dispatcher: Dispatcher,
    inner: BatchSystem,
    jobSet: JobBatch['jobSet'],
  ): Promise<Adoption> {
    const adoption = new Adoption(dispatcher);
    const numbers = await readNumbers(jobSet.directory);
    const found = await readWorkers(jobSet.directory, numbers);
    // Those that were not made to their end have numbers, too.
    dispatcher.numberAfter(largest(numbers), -largest(found.map(({ note }) => -note.submission)));
    if (found.length === 0) return adoption;
    const jobIds = await findJobs(inner, jobSet, found);
    // Of a call that one had which died, and then another one, the one that lives is asked.
    const [alive, lost] = [true, false].map((isAlive) =>
      found.filter(({ number }) => jobIds.has(number) === isAlive),
    ) as [FoundWorker[], FoundWorker[]];
    for (const one of [...lost, ...alive]) await adoption.#add(one, jobIds.get(one.number));
    return adoption;
  }

  private constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /** Takes up the calls of these keys; tells which some worker has. Those that nobody asks for are done. */
  take(keys: readonly string[]): boolean[] {
    const { warm } = this.#dispatcher;
    const losers = new Set<Worker>();
    for (const key of keys) {
      const holder = this.#holders.get(key);
      if (holder === undefined) continue;
      this.#holders.delete(key);
      const { worker, assignment } = holder;
      const { number, key: _key, ...location } = assignment;
      const call = newCall(idOf(key), key, location, worker.pool);
      warm.calls.set(call.id, call);
      warm.assign(call, worker, number);
      if (worker.phase === 'ended') losers.add(worker);
    }
    for (const worker of losers) this.#dispatcher.settleLost(worker);
    this.#dispatcher.wake();
    return keys.map((key) => warm.calls.has(idOf(key)));
  }

  async #add(found: FoundWorker, jobId: string | undefined): Promise<void> {
    const { warm, files } = this.#dispatcher;
    const pool = warm.poolOf(found.note.submit);
    const worker = newWorker(found.number, pool);
    worker.lastAssignment = found.lastAssignment;
    for (const assignment of found.assignments) this.#holders.set(assignment.key, { worker, assignment });
    const started = await files.hasStarted(found.number);
    worker.host = started?.host;
    if (jobId === undefined) {
      worker.phase = 'ended';
      // It may be on its way into the queue.
      files.closeNow(worker.number);
      return;
    }
    if (started !== undefined) worker.phase = 'ready';
    if (found.isCutOff) appendLine(files, worker, { kind: 'calls', assignments: [], known: 1 });
    worker.jobId = jobId;
    warm.byJob.set(jobId, worker);
    warm.workers.add(worker);
    pool.workers.add(worker);
  }
}

/** In their order. */
async function readNumbers(directory: string): Promise<number[]> {
  const names = (await unlessMissing(readdir(workersDirectory(directory)))) ?? [];
  const numbers = names.map(Number).filter((number) => Number.isInteger(number));
  return numbers.toSorted((a, b) => a - b);
}

async function readWorkers(directory: string, numbers: readonly number[]): Promise<FoundWorker[]> {
  const found = await Promise.all(numbers.map(async (number) => readWorker(directory, number)));
  return found.filter((worker) => worker !== undefined);
}

/** What cannot be read may be there all the same: its calls are not to be made by others. */
async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Undefined for one that was not made to its end: the batch system was not asked for it. */
async function readWorker(directory: string, number: number): Promise<FoundWorker | undefined> {
  const text = await unlessMissing(readFile(workerFile(directory, number), 'utf8'));
  const inbox = await unlessMissing(readFile(inboxFile(directory, number)));
  if (text === undefined || inbox === undefined) return undefined;
  const note = JSON.parse(text) as WorkerNote;
  // A line that has only lost its line break is one that the worker will read.
  const all = parseInbox(Buffer.concat([inbox, Buffer.from('\n')])).lines.flatMap((line) =>
    line.kind === 'calls' ? line.assignments : [],
  );
  const taken = await Promise.all(
    all.map(async (assignment) => readTaken(takenFile(directory, number, assignment.number))),
  );
  return {
    number,
    note,
    assignments: all.filter((_, index) => taken[index] !== 'back'),
    lastAssignment: largest(all.map((assignment) => assignment.number)),
    isCutOff: inbox.length > 0 && inbox.at(-1) !== LINE_BREAK,
  };
}

/** The ids of the workers that the inner system knows, by number. */
async function findJobs(
  inner: BatchSystem,
  jobSet: JobBatch['jobSet'],
  workers: readonly FoundWorker[],
): Promise<Map<number, string>> {
  const ids = new Map<number, string>();
  for (const submission of new Set(workers.map(({ note }) => note.submission))) {
    const mine = workers.filter(({ note }) => note.submission === submission);
    const jobs = mine.map(({ number }) => ({ key: workerKey(number) }));
    const { since = 0, submit = {} } = mine[0]?.note ?? {};
    const found = await inner.find({ jobSet, submission, submit, jobs }, undefined, new Date(since));
    mine.forEach(({ number }, index) => {
      const id = found[index];
      if (id !== undefined) ids.set(number, id);
    });
  }
  return ids;
}

/** 0 if there are none. They may be more than a function takes arguments. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}
