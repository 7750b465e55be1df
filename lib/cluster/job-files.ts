import { Slots } from '../base/fifo.ts';
import { removeCallFiles, removeOutputFiles, removeEmptyOutputDirectory } from '../job-set/call-outputs.ts';
import type { JobSet } from '../job-set/job-set.ts';
import type { Call } from './calls/call.ts';
import { KeptResults } from './dependencies/kept-results.ts';
import type { Job } from './track/job.ts';

/** The calls whose files stay on the disk: failed ones, all, or none. */
export type KeepFiles = 'failed' | 'all' | 'none';

/** Few, because reading outcomes at the same time is more urgent. */
const REMOVALS_AT_ONCE = 4;

/** Deletes the files of jobs that are done, so that 100,000 calls do not leave 100,000 files. */
export class JobFiles {
  /** Results that calls need of other calls. */
  readonly results: KeptResults;
  readonly #jobSet: JobSet;
  readonly #policy: KeepFiles;
  /** Number of calls that still need a batch of inputs. */
  readonly #usersByBatch = new Map<number, number>();
  #keptCount = 0;
  #isSetDeleted = false;
  readonly #removals = new Slots(REMOVALS_AT_ONCE);

  constructor(jobSet: JobSet, policy: KeepFiles) {
    this.#jobSet = jobSet;
    this.results = new KeptResults(jobSet);
    this.#policy = policy;
  }

  /** Whether any files were kept, so that the job set must stay. */
  get hasKeptFiles(): boolean {
    return this.#keptCount > 0;
  }

  /** Whether the files of a call stay; a chunk has failed if any of its calls has. */
  keeps(failed: boolean): boolean {
    return this.#policy === 'all' || (this.#policy === 'failed' && failed);
  }

  /** Keeps the files of a job for good. */
  keep(job: Job): void {
    job.keep = true;
    this.results.keepForGood(job.call);
    this.#keptCount += 1;
  }

  /** Keeps the job set because files of an earlier process are in it. */
  keepJobSet(): void {
    this.#keptCount += 1;
  }

  /** Called when a call's inputs have been written into a batch. */
  useInputs(batch: number): void {
    this.#usersByBatch.set(batch, (this.#usersByBatch.get(batch) ?? 0) + 1);
  }

  /** Deletes a batch of inputs when no call needs it. */
  async releaseInputs(call: Call): Promise<void> {
    this.results.release(call);
    if (call.input === undefined) return;
    const { batch } = call.input;
    // A call that waits for a retry may be released again, if it is cancelled meanwhile.
    call.input = undefined;
    const remaining = (this.#usersByBatch.get(batch) ?? 0) - 1;
    this.#usersByBatch.set(batch, remaining);
    if (remaining > 0) return;
    this.#usersByBatch.delete(batch);
    await this.#jobSet.removeInputs(batch).catch(ignore);
  }

  /**
   * Deletes the files of a job that has left the queue; before that, the batch system may still write some.
   */
  remove(job: Job, onRemoved: () => void): void {
    if (job.keep) return onRemoved();
    this.#removals.run(async () => {
      await this.#removeFiles(job);
      onRemoved();
    });
  }

  /**
   * Resolves when no files are being deleted.
   * @param isSetDeleted whether the whole job set is deleted next, which is faster than deleting single files
   */
  async finish(isSetDeleted: boolean): Promise<void> {
    this.#isSetDeleted = isSetDeleted;
    await this.#removals.idle();
  }

  async #removeFiles({ call, key, archived }: Job): Promise<void> {
    // A call that is retried still needs its inputs, and keeps the logs of its last attempt.
    const isLast = call.done && call.key === key;
    if (isLast) await call.keepLogs().catch(ignore);
    if (this.#isSetDeleted) return;
    await this.#jobSet.removeLogs(key).catch(ignore);
    const isArchived = await (archived ?? Promise.resolve()).then(
      () => true,
      () => false,
    );
    if (isArchived) await this.#jobSet.removeOutcome(key).catch(ignore);
    await this.#removeOutputFiles(call, key, isLast).catch(ignore);
    if (!isLast) return;
    await removeCallFiles(this.#jobSet.directory, call.index).catch(ignore);
    await this.releaseInputs(call);
  }

  /** Deletes output files of earlier attempts and cancelled calls only; the others belong to the user. */
  async #removeOutputFiles(call: Call, key: string, isLast: boolean): Promise<void> {
    const { directory, transfers } = this.#jobSet;
    const isUnwanted = isLast ? call.wasCancelled : call.key !== key;
    if (isUnwanted) await removeOutputFiles(directory, key);
    else if (transfers) await removeEmptyOutputDirectory(directory, key);
  }
}

/** A file that cannot be deleted is no reason to fail a call. */
function ignore(): void {}
