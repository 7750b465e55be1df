import { readdir, readFile } from 'node:fs/promises';
import type { BatchSystem, JobBatch } from '../batch/batch-system.ts';
import { parseInbox, type Assignment } from '../job-set/inbox.ts';
import { inboxFile, takenFile, workerFile, workerKey, workersDirectory } from '../job-set/names.ts';
import { readTaken } from '../job-set/taking.ts';
import { idOf, type Dispatcher } from './dispatcher.ts';
import { newCall } from './warm-call.ts';
import type { WorkerNote } from './worker-files.ts';
import { newWorker, type Worker } from './worker.ts';

/** A worker of an earlier process, as the disk tells it. */
interface FoundWorker {
  readonly number: number;
  readonly note: WorkerNote;
  readonly assignments: readonly Assignment[];
  /** Those that were not taken back. */
  readonly own: readonly Assignment[];
}

/**
 * Takes up the workers that an earlier process has started, with the calls that they have; does nothing in a new job set.
 * @throws {CommandError} if the batch system gives no answer
 */
export async function adoptWorkers(
  dispatcher: Dispatcher,
  inner: BatchSystem,
  jobSet: JobBatch['jobSet'],
): Promise<void> {
  const found = await readWorkers(jobSet.directory);
  if (found.length === 0) return;
  dispatcher.adopt(
    Math.max(...found.map(({ number }) => number)),
    Math.min(0, ...found.map(({ note }) => note.submission)),
  );
  const jobIds = await findJobs(inner, jobSet, found);
  for (const one of found) await adopt(dispatcher, one, jobIds.get(one.number));
}

async function adopt(dispatcher: Dispatcher, found: FoundWorker, jobId: string | undefined): Promise<void> {
  const { warm, files } = dispatcher;
  const pool = warm.poolOf(found.note.submit);
  const worker = newWorker(found.number, pool);
  worker.lastAssignment = Math.max(0, ...found.assignments.map(({ number }) => number));
  warm.workers.add(worker);
  pool.workers.add(worker);
  for (const { number, key, ...location } of found.own)
    giveAgain(dispatcher, worker, { number, key, ...location });
  const started = await files.hasStarted(found.number);
  if (started !== undefined) {
    worker.phase = 'ready';
    worker.host = started.host;
  }
  if (jobId === undefined) return dispatcher.onLost(worker);
  worker.jobId = jobId;
  warm.byJob.set(jobId, worker);
}

/** The call may have been in the hands of another worker before, which died. */
function giveAgain(dispatcher: Dispatcher, worker: Worker, { number, key, ...location }: Assignment): void {
  const { warm } = dispatcher;
  const id = idOf(key);
  const known = warm.calls.get(id);
  if (known?.worker !== undefined) known.worker.assigned.delete(known.assignment);
  const call = known ?? newCall(id, key, location, worker.pool);
  warm.calls.set(id, call);
  warm.assign(call, worker, number);
}

async function readWorkers(directory: string): Promise<FoundWorker[]> {
  const names = await readdir(workersDirectory(directory)).catch(() => []);
  const numbers = names.map(Number).filter((number) => Number.isInteger(number));
  const found = await Promise.all(
    numbers.toSorted((a, b) => a - b).map(async (number) => readWorker(directory, number)),
  );
  return found.filter((worker) => worker !== undefined);
}

/** Undefined for one that was not made to its end: the batch system was not asked for it. */
async function readWorker(directory: string, number: number): Promise<FoundWorker | undefined> {
  let note: WorkerNote;
  let inbox: Buffer;
  try {
    note = JSON.parse(await readFile(workerFile(directory, number), 'utf8')) as WorkerNote;
    inbox = await readFile(inboxFile(directory, number));
  } catch {
    return undefined;
  }
  const all = parseInbox(inbox).lines.flatMap((line) => (line.kind === 'calls' ? line.assignments : []));
  const taken = await Promise.all(
    all.map(async (assignment) => readTaken(takenFile(directory, number, assignment.number))),
  );
  return { number, note, assignments: all, own: all.filter((_, index) => taken[index] !== 'back') };
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
    const since = new Date(mine[0]?.note.since ?? 0);
    const found = await inner.find({ jobSet, submission, jobs }, undefined, since);
    mine.forEach(({ number }, index) => {
      const id = found[index];
      if (id !== undefined) ids.set(number, id);
    });
  }
  return ids;
}
