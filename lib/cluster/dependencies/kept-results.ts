import { hostname } from 'node:os';
import { DirectoryError } from '../../base/errors.ts';
import { control, type Future } from '../../futures/future.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { keepResult, removeResult, writeResult } from '../../job-set/results.ts';
import { encodeOutcome } from '../../payload/call.ts';
import { encodeThrown } from '../../payload/thrown.ts';
import type { Call } from '../calls/call.ts';
import { dependencyError, type Dependency } from './dependencies.ts';

interface Kept {
  /** Calls whose jobs may still read it. */
  readonly users: Set<Call>;
  /** Settled when its file is there, or is gone if it has no users. */
  readonly work: Promise<void>;
}

/** The results that calls need of others: in files, which stay for as long as any of them may be read. */
export class KeptResults {
  readonly #jobSet: JobSet;
  readonly #kept = new Map<number, Kept>();
  readonly #used = new Map<Call, readonly number[]>();
  readonly #forGood = new Set<number>();

  constructor(jobSet: JobSet) {
    this.#jobSet = jobSet;
  }

  /**
   * Resolves when the job of a call finds all that it needs of others, whose futures are done.
   * @throws {DirectoryError} {@link OwnershipError}; what the filesystem says
   */
  async use(user: Call): Promise<void> {
    // Results of one chunk are in one file.
    const byCall = new Map(user.dependencies.map((need) => [need.call.index, need]));
    this.#used.set(user, [...byCall.keys()]);
    await Promise.all([...byCall].map(async ([index, need]) => this.#keep(index, need, user)));
  }

  /** The job of a call needs nothing any more. */
  release(user: Call): void {
    for (const index of this.#used.get(user) ?? []) {
      const kept = this.#kept.get(index);
      if (kept?.users.delete(user) === true && kept.users.size === 0 && !this.#forGood.has(index))
        this.#remove(index, kept);
    }
    this.#used.delete(user);
  }

  /** As the files of a call stay, so do the results that it was given. */
  keepForGood(user: Call): void {
    for (const index of this.#used.get(user) ?? []) this.#forGood.add(index);
    this.release(user);
  }

  async #keep(index: number, need: Dependency, user: Call): Promise<void> {
    const known = this.#kept.get(index);
    if (known !== undefined && known.users.size > 0) {
      known.users.add(user);
      return known.work;
    }
    // One after the other; what went wrong before is tried anew.
    const before = known?.work.catch(() => {}) ?? Promise.resolve();
    const work = before.then(async () => this.#write(index, need));
    this.#kept.set(index, { users: new Set([user]), work });
    return work;
  }

  #remove(index: number, { work }: Kept): void {
    const gone = work
      // What could not be written, or removed, goes with the job set.
      .then(async () => removeResult(this.#jobSet.directory, index))
      .catch(() => {})
      .then(() => {
        if (this.#kept.get(index) === removed) this.#kept.delete(index);
      });
    const removed: Kept = { users: new Set(), work: gone };
    this.#kept.set(index, removed);
  }

  async #write(index: number, need: Dependency): Promise<void> {
    const { directory } = this.#jobSet;
    const { call, future } = need;
    const failed = future !== undefined && future.state !== 'finished';
    // Of a chunk, other results may be needed too.
    if (failed && call.items === 0) return writeResult(directory, index, failureOf(future));
    const archivedAt = (): number | undefined => call.archivedAt;
    const isThere = call.hasOutcome && call.jobSet === this.#jobSet;
    if (isThere && (await keepResult(directory, { call: index, key: call.key, archivedAt }))) return;
    if (!failed) {
      const message = `What call ${index} returned is not in the job set ${directory}, where others need it`;
      throw new DirectoryError(message, directory);
    }
    await writeResult(directory, index, failureOf(future));
  }
}

/** What stands for the outcome of a call that has none. */
function failureOf(future: Future<unknown>): Uint8Array {
  const error = control.errorOf(future);
  const thrown = encodeThrown(future.cancelled() ? error : dependencyError(future, error));
  const now = Date.now();
  return encodeOutcome({
    items: [{ thrown }],
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
