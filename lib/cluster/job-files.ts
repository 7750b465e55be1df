import { Slots } from '../base/fifo.ts';
import { removeCallFiles, removeOutputFiles, removeEmptyOutputDirectory } from '../job-set/call-outputs.ts';
import type { JobSet } from '../job-set/job-set.ts';
import type { Call } from './calls/call.ts';
import { KeptResults } from './dependencies/kept-results.ts';
import type { Job } from './track/job.ts';

/** Whose files stay on the disk: those of failed calls, of all, or of none. */
export type KeepFiles = 'failed' | 'all' | 'none';

/** Few, as outcomes that are read at the same time are more urgent. */
const REMOVALS_AT_ONCE = 4;

/** Removes the files of jobs as they are done with, so that 100,000 calls do not leave 100,000 files. */
export class JobFiles {
  /** What calls need of others. */
  readonly results: KeptResults;
  readonly #jobSet: JobSet;
  readonly #policy: KeepFiles;
  /** How many calls still need the inputs of a batch. */
  readonly #users = new Map<number, number>();
  #kept = 0;
  #setGoes = false;
  readonly #removals = new Slots(REMOVALS_AT_ONCE);

  constructor(jobSet: JobSet, policy: KeepFiles) {
    this.#jobSet = jobSet;
    this.results = new KeptResults(jobSet);
    this.#policy = policy;
  }

  /** Whether anything was kept, so that the job set has to stay. */
  get keptAny(): boolean {
    return this.#kept > 0;
  }

  /** Whether the files of a call stay; a chunk has failed if any of its calls has. */
  keeps(failed: boolean): boolean {
    return this.#policy === 'all' || (this.#policy === 'failed' && failed);
  }

  /** The files of a job stay for good. */
  keep(job: Job): void {
    job.keep = true;
    this.results.keepForGood(job.call);
    this.#kept += 1;
  }

  /** Files of an earlier process stay. */
  keepSet(): void {
    this.#kept += 1;
  }

  /** A call's inputs have been written into a batch. */
  useInputs(batch: number): void {
    this.#users.set(batch, (this.#users.get(batch) ?? 0) + 1);
  }

  /** A call needs its inputs no more, and nobody wants to keep them. */
  async releaseInputs(call: Call): Promise<void> {
    this.results.release(call);
    if (call.input === undefined) return;
    const { batch } = call.input;
    // It may be about to be tried again, and be refused then as nobody wants it any more.
    call.input = undefined;
    const left = (this.#users.get(batch) ?? 0) - 1;
    this.#users.set(batch, left);
    if (left > 0) return;
    this.#users.delete(batch);
    await this.#jobSet.removeInputs(batch).catch(ignore);
  }

  /** Removes the files of a job that has left the queue; before that, the batch system may still write some. */
  remove(job: Job, onRemoved: () => void): void {
    if (job.keep) return onRemoved();
    this.#removals.run(async () => {
      await this.#removeFiles(job);
      onRemoved();
    });
  }

  /**
   * Resolves when nothing is being removed any more.
   * @param setGoes the whole job set is going to be removed, which is less work than to remove file after file
   */
  async finish(setGoes: boolean): Promise<void> {
    this.#setGoes = setGoes;
    await this.#removals.idle();
  }

  async #removeFiles({ call, key, archived }: Job): Promise<void> {
    // A call that is tried again still needs its inputs, and has the logs of its last attempt.
    const isLast = call.done && call.key === key;
    if (isLast) await call.keepLogs().catch(ignore);
    if (this.#setGoes) return;
    await this.#jobSet.removeLogs(key).catch(ignore);
    const isArchived = await (archived ?? Promise.resolve()).then(
      () => true,
      () => false,
    );
    if (isArchived) await this.#jobSet.removeOutcome(key).catch(ignore);
    await this.#removeSentBack(call, key, isLast).catch(ignore);
    if (!isLast) return;
    await removeCallFiles(this.#jobSet.directory, call.index).catch(ignore);
    await this.releaseInputs(call);
  }

  /** What a call has sent back is its user's: only that of earlier attempts goes, and of calls that were given up. */
  async #removeSentBack(call: Call, key: string, isLast: boolean): Promise<void> {
    const { directory, transfers } = this.#jobSet;
    const isUnwanted = isLast ? call.wasCancelled : call.key !== key;
    if (isUnwanted) await removeOutputFiles(directory, key);
    else if (transfers) await removeEmptyOutputDirectory(directory, key);
  }
}

/** A file that cannot be removed is litter, and no reason to fail a call. */
function ignore(): void {}
