import { hostname } from 'node:os';
import { DirectoryError } from '../../base/errors.ts';
import type { Future } from '../../futures/future.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { keepResult, removeResult, writeResult } from '../../job-set/results.ts';
import { encodeOutcome } from '../../payload/call.ts';
import { encodeThrown } from '../../payload/thrown-values.ts';
import type { Call, Dependency } from '../calls/call.ts';
import { dependencyFailure } from './dependencies.ts';

interface KeptResult {
  /** Calls whose jobs may still read it. */
  readonly users: Set<Call>;
  /** Settles when its file has been written; or deleted, if it has no users. */
  readonly work: Promise<void>;
}

/** The results that calls need of other calls, in files that stay while a job may read them. */
export class KeptResults {
  readonly #jobSet: JobSet;
  readonly #resultsByIndex = new Map<number, KeptResult>();
  readonly #usedIndices = new Map<Call, readonly number[]>();
  readonly #permanentIndices = new Set<number>();

  constructor(jobSet: JobSet) {
    this.#jobSet = jobSet;
  }

  /**
   * Resolves when the job of a call can read all of its dependencies, whose futures are done.
   * @throws {DirectoryError} {@link OwnershipError}; errors of the file system
   */
  async use(user: Call): Promise<void> {
    // The results of a chunk are in one file.
    const dependencies = new Map(user.dependencies.map((dependency) => [dependency.call.index, dependency]));
    this.#usedIndices.set(user, [...dependencies.keys()]);
    await Promise.all(
      [...dependencies].map(async ([index, dependency]) => this.#keep(index, dependency, user)),
    );
  }

  /** The job of a call reads no more results. */
  release(user: Call): void {
    for (const index of this.#usedIndices.get(user) ?? []) {
      const kept = this.#resultsByIndex.get(index);
      if (kept?.users.delete(user) === true && kept.users.size === 0 && !this.#permanentIndices.has(index))
        this.#remove(index, kept);
    }
    this.#usedIndices.delete(user);
  }

  /** Leaves the results on the disk, because the files of their user stay. */
  keepForGood(user: Call): void {
    for (const index of this.#usedIndices.get(user) ?? []) this.#permanentIndices.add(index);
    this.release(user);
  }

  async #keep(index: number, dependency: Dependency, user: Call): Promise<void> {
    const known = this.#resultsByIndex.get(index);
    if (known !== undefined && known.users.size > 0) {
      known.users.add(user);
      return known.work;
    }
    // After the deletion of an earlier file; a write that failed is repeated.
    const before = known?.work.catch(() => {}) ?? Promise.resolve();
    const work = before.then(async () => this.#write(index, dependency));
    this.#resultsByIndex.set(index, { users: new Set([user]), work });
    return work;
  }

  #remove(index: number, { work }: KeptResult): void {
    const deleted = work
      // A file that could not be written or deleted goes with the job set.
      .then(async () => removeResult(this.#jobSet.directory, index))
      .catch(() => {})
      .then(() => {
        if (this.#resultsByIndex.get(index) === removed) this.#resultsByIndex.delete(index);
      });
    const removed: KeptResult = { users: new Set(), work: deleted };
    this.#resultsByIndex.set(index, removed);
  }

  async #write(index: number, { call, future }: Dependency): Promise<void> {
    const { directory } = this.#jobSet;
    const hasFailed = future !== undefined && future.state !== 'finished';
    // Other results of a chunk may be needed too.
    if (hasFailed && call.items === 0) return writeResult(directory, index, encodeFailure(future));
    const archivedAt = (): number | undefined => call.archivedAt;
    const hasOutcome = call.hasOutcome && call.jobSet === this.#jobSet;
    if (hasOutcome && (await keepResult(directory, { call: index, key: call.key, archivedAt }))) return;
    if (!hasFailed) {
      const message = `What call ${index} returned is not in the job set ${directory}, where others need it`;
      throw new DirectoryError(message, directory);
    }
    await writeResult(directory, index, encodeFailure(future));
  }
}

/** An outcome for a call that failed, or was cancelled, without one. */
function encodeFailure(future: Future<unknown>): Uint8Array {
  const now = Date.now();
  return encodeOutcome({
    items: [{ thrown: encodeThrown(dependencyFailure(future)) }],
    host: hostname(),
    pid: process.pid,
    nodeVersion: process.version,
    startedAt: now,
    endedAt: now,
    userCpuMs: 0,
    systemCpuMs: 0,
    peakMemoryBytes: 0,
  });
}
