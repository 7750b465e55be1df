import { fstatSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { givenFilesOf, parseWorkerKey, TRANSFERRED } from '../job-set/names.ts';
import { trustOwnerOf } from '../job-set/trusted-files.ts';
import { deserialize } from '../payload/deserialize.ts';
import { setGivenPlace } from '../payload/given-files.ts';
import type { AnyFunction } from '../payload/graph.ts';
import { guardProcess } from './guard-process.ts';
import { WATCH_TIME } from './lazy.ts';
import { makeCalls, offerInside } from './make-calls.ts';
import { hasOutcome, OutcomeWriter } from './outcome.ts';
import { readJob } from './read-job.ts';
import type * as TimeLimitModule from './time-limit.ts';
import type * as WorkerModule from './worker/run-worker.ts';

/** @param afterwards what is to be done once the outcome is there and the job's slot is all that is waited for */
export function run(afterwards: () => void): void {
  if (process.argv[2] === WATCH_TIME) (require('./time-limit.ts') as typeof TimeLimitModule).watchTime();
  else void main(afterwards);
}

/**
 * The execute side. Arguments: the job set's directory, the job's key, where its call lies (batch, offset, length), and the hash of that;
 * and a word if the directory is a copy of what the job needs of the job set; or, for a worker, the directory, the worker's key, and after how long without a call it ends.
 * Whatever happens, an outcome is written, so that the submit side need not guess.
 */
async function main(afterwards: () => void): Promise<void> {
  const [directory = '', key = '', batch, offset, length, hash = '', transferred] = process.argv.slice(2);
  const worker = parseWorkerKey(key);
  if (worker !== undefined) {
    // For a worker, it stands where a call's batch stands.
    const { runWorker } = require('./worker/run-worker.ts') as typeof WorkerModule;
    await runWorker(directory, worker, Number(batch), afterwards);
    return exit();
  }
  if (transferred === TRANSFERRED) {
    const scratch = dirname(directory);
    trustOwnerOf(lstatSync(scratch));
    setGivenPlace({ files: givenFilesOf(directory, Number(batch)), scratch });
  }
  const writer = new OutcomeWriter(directory, key);
  // A batch system starts a job again whose end it has not heard of: the call must not run a second time.
  if (hasOutcome(writer.place)) return;
  guardProcess({ writer, outlives: () => false });
  offerInside(() => writer.running());
  try {
    const location = { batch: Number(batch), offset: Number(offset), length: Number(length), hash };
    const { call, fn } = readJob(directory, location);
    await makeCalls(writer, call, async () => deserialize(fn, call.options) as Promise<AnyFunction>);
  } catch (error) {
    writer.fail(error);
  }
  writer.write();
  afterwards();
  exit();
}

/** Ends the process, whatever the call left running, once its last words have been written. */
function exit(): void {
  // What goes to files has been written; only to make the streams, if nothing has, would take milliseconds.
  if (isFile(1) && isFile(2)) process.exit();
  process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false;
  }
}
