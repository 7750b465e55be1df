import { appendFileSync } from 'node:fs';
import { appendFile, mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as names from '../job-set/names.ts';
import { PRIVATE_DIRECTORY } from '../job-set/trusted-files.ts';
import { surelyExists, writeWhole } from '../job-set/whole-files.ts';
import {
  encodeInboxLine,
  type InboxLine,
  type Printed,
  readTaken,
  takeBack,
  writeBack,
} from '../job-set/worker-inbox.ts';
import { unseal } from '../payload/call.ts';

const CLOSE = encodeInboxLine({ kind: 'close' });

/** The file that describes a worker's submission to a later process. */
export interface WorkerNote {
  readonly submission: number;
  /** Time by Date.now() just before the submission. */
  readonly since: number;
  readonly submit: Readonly<Record<string, string | number | boolean>>;
}

/** Files of the workers of a job set, as the submitting process reads and writes them. */
export class WorkerFiles {
  readonly #directory: string;
  #shared: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Creates the files that must exist before a worker can start. */
  async create(worker: number, note: WorkerNote): Promise<void> {
    await this.#createShared();
    await mkdir(names.workerDirectory(this.#directory, worker), { mode: PRIVATE_DIRECTORY });
    await writeWhole(names.inboxFile(this.#directory, worker), '');
    await writeWhole(names.blankFile(this.#directory, worker), '');
    await writeWhole(names.workerFile(this.#directory, worker), JSON.stringify(note));
  }

  /**
   * Appends a line to a worker's inbox; begins with a line break, because an earlier write may have been cut
   * off.
   */
  async append(worker: number, line: InboxLine): Promise<void> {
    const text = `\n${encodeInboxLine(line)}`;
    await appendFile(names.inboxFile(this.#directory, worker), text, { flag: 'a', mode: 0o600 });
  }

  /** Tells a worker synchronously that no more calls will come. Never throws. */
  closeNow(worker: number): void {
    try {
      appendFileSync(names.inboxFile(this.#directory, worker), `\n${CLOSE}`, { flag: 'a', mode: 0o600 });
    } catch {
      // The worker ends after its idle timeout.
    }
  }

  /** Withdraws an assignment. @returns false if the worker has started it */
  async withdraw(worker: number, assignment: number): Promise<boolean> {
    await this.#createShared();
    return takeBack(names.takenFile(this.#directory, worker, assignment), names.backFile(this.#directory));
  }

  async hasStartedCall(worker: number, assignment: number): Promise<boolean> {
    return surelyExists(names.takenFile(this.#directory, worker, assignment));
  }

  /** Reads the file that a worker writes at its start; undefined if it has not started. */
  async findStart(worker: number): Promise<{ readonly host: string } | undefined> {
    try {
      return JSON.parse(await readFile(names.startedFile(this.#directory, worker), 'utf8')) as {
        host: string;
      };
    } catch {
      return undefined;
    }
  }

  async hasOutcome(key: string): Promise<boolean> {
    return surelyExists(names.outcomeFile(this.#directory, key));
  }

  /**
   * Whether a call of a dead worker has an outcome; renames one that the worker had written completely but
   * not renamed yet.
   */
  async recoverOutcome(key: string): Promise<boolean> {
    if (await this.hasOutcome(key)) return true;
    const directory = names.outcomesDirectory(this.#directory);
    for (const name of await readdir(directory).catch(() => [])) {
      if (!names.isTemporaryNameOf(name, key)) continue;
      const file = join(directory, name);
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      if (unseal(bytes) === undefined) continue;
      const isRenamed = await writeWhole(names.outcomeFile(this.#directory, key), bytes).then(
        () => true,
        () => false,
      );
      if (isRenamed) return true;
    }
    return false;
  }

  /**
   * Copies the output of a dead worker during a call to the call's own files. Never rejects, because output
   * is less important than the error.
   */
  async copyOutput(worker: number, assignment: number | undefined, key: string): Promise<void> {
    const taken =
      assignment === undefined
        ? 'free'
        : await readTaken(names.takenFile(this.#directory, worker, assignment)).catch(() => 'free' as const);
    const printed: Printed = typeof taken === 'string' ? { stdout: 0, stderr: 0 } : taken.begun;
    const own = names.workerKey(worker);
    const ranges = [
      [names.stdoutFile, printed.stdout],
      [names.stderrFile, printed.stderr],
      [names.startFile, 0],
    ] as const;
    for (const [file, start] of ranges) {
      await copyFrom(file(this.#directory, own), start, file(this.#directory, key)).catch(() => {});
    }
  }

  /** Creates the files that all workers share. */
  async #createShared(): Promise<void> {
    this.#shared ??= (async () => {
      await mkdir(names.workersDirectory(this.#directory), { mode: PRIVATE_DIRECTORY, recursive: true });
      await writeBack(names.backFile(this.#directory));
    })();
    try {
      await this.#shared;
    } catch (error) {
      this.#shared = undefined;
      throw error;
    }
  }

  /** Deletes a worker's files. Never rejects. */
  async remove(worker: number): Promise<void> {
    const key = names.workerKey(worker);
    for (const file of [names.stdoutFile, names.stderrFile, names.startFile]) {
      await unlink(file(this.#directory, key)).catch(() => {});
    }
    await rm(names.workerDirectory(this.#directory, worker), { recursive: true, force: true }).catch(
      () => {},
    );
  }
}

async function copyFrom(from: string, start: number, to: string): Promise<void> {
  const source = await open(from);
  try {
    const { size } = await source.stat();
    if (size <= start) return;
    const bytes = Buffer.alloc(size - start);
    await source.read(bytes, 0, bytes.length, start);
    await writeWhole(to, bytes);
  } finally {
    await source.close();
  }
}
