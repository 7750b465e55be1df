import { readdir, readFile } from 'node:fs/promises';
import { ignoreMissing } from '../base/missing-files.ts';
import type { BatchSystem, JobBatch } from '../batch/batch-system.ts';
import { inboxFile, takenFile, workerFile, workerKey, workersDirectory } from '../job-set/names.ts';
import { type Assignment, parseInbox, readTaken } from '../job-set/worker-inbox.ts';
import { appendLine } from './assignments.ts';
import type { Dispatcher } from './dispatcher.ts';
import { callId, WarmCall, Worker } from './model.ts';
import type { WorkerNote } from './worker-files.ts';

const LINE_BREAK = 0x0a;

/** A worker of an earlier process, as read from its files. */
interface FoundWorker {
  readonly number: number;
  readonly note: WorkerNote;
  /** Assignments that were not withdrawn. */
  readonly assignments: readonly Assignment[];
  readonly lastAssignment: number;
  /** Whether the last line of its inbox is incomplete, because the process that wrote it was killed. */
  readonly isTruncated: boolean;
}

/** Takes over the workers of an earlier process, and their calls when the executor asks for these. */
export class Adoption {
  readonly #dispatcher: Dispatcher;
  /** The last assignment of each call that was not adopted yet, by the call's key. */
  readonly #assignments = new Map<string, { readonly worker: Worker; readonly assignment: Assignment }>();

  /**
   * Takes over the workers of a job set; there are none in a new one.
   * @throws {CommandError} if the batch system gives no answer; errors of the file system other than ENOENT
   */
  static async create(
    dispatcher: Dispatcher,
    inner: BatchSystem,
    jobSet: JobBatch['jobSet'],
  ): Promise<Adoption> {
    const adoption = new Adoption(dispatcher);
    const numbers = await listNumbers(jobSet.directory);
    const found = await readWorkers(jobSet.directory, numbers);
    // Incomplete workers, which readWorkers() leaves out, have numbers too.
    dispatcher.continueAfter(largest(numbers), -largest(found.map(({ note }) => -note.submission)));
    if (found.length === 0) return adoption;
    const jobIds = await findJobs(inner, jobSet, found);
    // A call may have been assigned to a worker that died, then to one that lives: the latter is added last
    // and wins.
    const [alive, lost] = [true, false].map((isAlive) =>
      found.filter(({ number }) => jobIds.has(number) === isAlive),
    ) as [FoundWorker[], FoundWorker[]];
    for (const one of [...lost, ...alive]) await adoption.#add(one, jobIds.get(one.number));
    return adoption;
  }

  private constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /**
   * Adopts the calls of these keys.
   * @returns for each whether it is assigned to a worker; the others were never started
   */
  adopt(keys: readonly string[]): boolean[] {
    const { calls } = this.#dispatcher;
    const lostWorkers = new Set<Worker>();
    for (const key of keys) {
      const found = this.#assignments.get(key);
      if (found === undefined) continue;
      this.#assignments.delete(key);
      const { worker, assignment } = found;
      const { number, key: _key, ...location } = assignment;
      const call = new WarmCall(key, location, worker.pool);
      calls.active.set(call.id, call);
      calls.assign(call, worker, number);
      if (worker.hasEnded) lostWorkers.add(worker);
    }
    for (const worker of lostWorkers) this.#dispatcher.settleLost(worker);
    this.#dispatcher.wake();
    return keys.map((key) => calls.active.has(callId(key)));
  }

  async #add(found: FoundWorker, jobId: string | undefined): Promise<void> {
    const { calls, files } = this.#dispatcher;
    const pool = calls.poolFor(found.note.submit);
    const worker = new Worker(found.number, pool);
    worker.lastAssignment = found.lastAssignment;
    for (const assignment of found.assignments) this.#assignments.set(assignment.key, { worker, assignment });
    const start = await files.findStart(found.number);
    if (jobId === undefined) {
      worker.hasEnded = true;
      // Its job may still enter the queue.
      files.closeNow(worker.number);
      return;
    }
    if (start !== undefined) worker.apply({ kind: 'running', jobId, host: start.host });
    if (found.isTruncated) appendLine(files, worker, { kind: 'calls', assignments: [], known: 1 });
    worker.jobId = jobId;
    calls.workersByJobId.set(jobId, worker);
    calls.workers.add(worker);
    pool.workers.add(worker);
  }
}

/** The numbers of all workers, in ascending order. */
async function listNumbers(directory: string): Promise<number[]> {
  const names = (await readdir(workersDirectory(directory)).catch(ignoreMissing)) ?? [];
  const numbers = names.map(Number).filter((number) => Number.isInteger(number));
  return numbers.toSorted((a, b) => a - b);
}

async function readWorkers(directory: string, numbers: readonly number[]): Promise<FoundWorker[]> {
  const found = await Promise.all(numbers.map(async (number) => readWorker(directory, number)));
  return found.filter((worker) => worker !== undefined);
}

/**
 * Reads a worker; undefined for an incomplete one, which was never submitted. Throws errors other than
 * ENOENT, because the calls of a worker that cannot be read must not run elsewhere.
 */
async function readWorker(directory: string, number: number): Promise<FoundWorker | undefined> {
  const text = await readFile(workerFile(directory, number), 'utf8').catch(ignoreMissing);
  const inbox = await readFile(inboxFile(directory, number)).catch(ignoreMissing);
  if (text === undefined || inbox === undefined) return undefined;
  const note = JSON.parse(text) as WorkerNote;
  // A last line that lacks nothing but its line break counts, because the worker will read it.
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
    isTruncated: inbox.length > 0 && inbox.at(-1) !== LINE_BREAK,
  };
}

/** The job ids of the workers that the batch system knows, by worker number. */
async function findJobs(
  inner: BatchSystem,
  jobSet: JobBatch['jobSet'],
  workers: readonly FoundWorker[],
): Promise<Map<number, string>> {
  const ids = new Map<number, string>();
  for (const submission of new Set(workers.map(({ note }) => note.submission))) {
    const submitted = workers.filter(({ note }) => note.submission === submission);
    const jobs = submitted.map(({ number }) => ({ key: workerKey(number) }));
    const { since = 0, submit = {} } = submitted[0]?.note ?? {};
    const found = await inner.find({ jobSet, submission, submit, jobs }, undefined, new Date(since));
    submitted.forEach(({ number }, index) => {
      const id = found[index];
      if (id !== undefined) ids.set(number, id);
    });
  }
  return ids;
}

/** The maximum, at least 0; Math.max() cannot take so many arguments. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}
