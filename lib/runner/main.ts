import { fstatSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { givenFilesOf, parseWorkerKey, TRANSFERRED } from '../job-set/names.ts';
import { trustOwnerOf } from '../job-set/trusted-files.ts';
import { FunctionSource } from '../payload/deserialize.ts';
import { setGivenPlace } from '../payload/given-files.ts';
import { guardProcess } from './guard-process.ts';
import { WATCH_TIME } from './lazy.ts';
import { makeCalls, offerInside } from './make-calls.ts';
import { hasOutcome, OutcomeWriter } from './outcome.ts';
import { readJob } from './read-job.ts';
import type * as TimeLimitModule from './time-limit.ts';
import type * as WorkerModule from './worker/run-worker.ts';

/** @param onOutcome is called when the outcome is written and only the job's slot is still occupied */
export function run(onOutcome: () => void): void {
  if (process.argv[2] === WATCH_TIME) (require('./time-limit.ts') as typeof TimeLimitModule).watchTime();
  else void main(onOutcome);
}

/**
 * The execute side. Arguments of a job: the job set's directory, the job's key, the location of its call
 * (batch, offset, length), the hash of that, and {@link TRANSFERRED} if the directory is a copy. Arguments of
 * a worker: the directory, the worker's key, and its idle timeout in milliseconds. Whatever happens, an
 * outcome is written, so that the submit side need not guess.
 */
async function main(onOutcome: () => void): Promise<void> {
  const [directory = '', key = '', batch, offset, length, hash = '', transferred] = process.argv.slice(2);
  const worker = parseWorkerKey(key);
  if (worker !== undefined) {
    const idleTimeout = Number(batch);
    const { runWorker } = require('./worker/run-worker.ts') as typeof WorkerModule;
    await runWorker(directory, worker, idleTimeout, onOutcome);
    return exit();
  }
  if (transferred === TRANSFERRED) {
    const scratch = dirname(directory);
    trustOwnerOf(lstatSync(scratch));
    setGivenPlace({ files: givenFilesOf(directory, Number(batch)), scratch });
  }
  const writer = new OutcomeWriter(directory, key);
  // A batch system restarts a job whose end was not reported to it; the call must not run a second time.
  if (hasOutcome(writer.place)) return;
  guardProcess({ writer, outlives: () => false });
  offerInside(() => writer.running());
  try {
    const location = { batch: Number(batch), offset: Number(offset), length: Number(length), hash };
    const { call, fn } = readJob(directory, location);
    let source: FunctionSource | undefined;
    await makeCalls(writer, call, async () => {
      source ??= new FunctionSource(fn, call.options, call.kept !== undefined);
      return source.load();
    });
  } catch (error) {
    writer.fail(error);
  }
  writer.write();
  onOutcome();
  exit();
}

/** Ends the process, even if the call left something running, once its output is flushed. */
function exit(): void {
  // Output to files is already written; creating the streams, if the call has not, would take milliseconds.
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
