import { appendFileSync } from 'node:fs';
import { access, appendFile, mkdir, open, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import * as names from '../job-set/names.ts';
import { PRIVATE_DIRECTORY } from '../job-set/trusted-files.ts';
import { writeWhole } from '../job-set/whole-files.ts';
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

/** What a worker is for, as its directory says. */
export interface WorkerNote {
  readonly submission: number;
  /** By Date.now(): before the batch system was asked. */
  readonly since: number;
  readonly submit: Readonly<Record<string, string | number | boolean>>;
}

/** The files of the workers of a job set, on the submitting side. */
export class WorkerFiles {
  readonly #directory: string;
  #made: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** All that must be there before the worker can start. */
  async make(worker: number, note: WorkerNote): Promise<void> {
    await this.#makeOwn();
    await mkdir(names.workerDirectory(this.#directory, worker), { mode: PRIVATE_DIRECTORY });
    await writeWhole(names.inboxFile(this.#directory, worker), '');
    await writeWhole(names.blankFile(this.#directory, worker), '');
    await writeWhole(names.workerFile(this.#directory, worker), JSON.stringify(note));
  }

  /** On a line of its own, whatever was written in part before: by this process, or by one that was killed. */
  async append(worker: number, line: InboxLine): Promise<void> {
    const text = `\n${encodeInboxLine(line)}`;
    await appendFile(names.inboxFile(this.#directory, worker), text, { flag: 'a', mode: 0o600 });
  }

  /** While the process exits. Never throws. */
  closeNow(worker: number): void {
    try {
      appendFileSync(names.inboxFile(this.#directory, worker), `\n${CLOSE}`, { flag: 'a', mode: 0o600 });
    } catch {
      // It ends when it has been idle for long enough.
    }
  }

  /** Takes an assignment back; false if the worker has begun it. */
  async takeBack(worker: number, assignment: number): Promise<boolean> {
    await this.#makeOwn();
    return takeBack(names.takenFile(this.#directory, worker, assignment), names.backFile(this.#directory));
  }

  async hasBegun(worker: number, assignment: number): Promise<boolean> {
    return exists(names.takenFile(this.#directory, worker, assignment));
  }

  async hasStarted(worker: number): Promise<{ readonly host: string } | undefined> {
    try {
      return JSON.parse(await readFile(names.startedFile(this.#directory, worker), 'utf8')) as {
        host: string;
      };
    } catch {
      return undefined;
    }
  }

  async hasOutcome(key: string): Promise<boolean> {
    return exists(names.outcomeFile(this.#directory, key));
  }

  /** As {@link hasOutcome}, of a worker that is dead: it may have written the whole outcome without coming to give it its name. */
  async rescueOutcome(key: string): Promise<boolean> {
    if (await this.hasOutcome(key)) return true;
    const directory = names.outcomesDirectory(this.#directory);
    for (const name of await readdir(directory).catch(() => [])) {
      if (!names.isTemporaryNameOf(name, key)) continue;
      const file = join(directory, name);
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      if (unseal(bytes) === undefined) continue;
      const isNamed = await writeWhole(names.outcomeFile(this.#directory, key), bytes).then(
        () => true,
        () => false,
      );
      if (isNamed) return true;
    }
    return false;
  }

  /** What a dead worker has said during a call becomes what the call has said. Never rejects: it is the less important thing. */
  async copyLastWords(worker: number, assignment: number | undefined, key: string): Promise<void> {
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

  /** What all workers have in common. */
  async #makeOwn(): Promise<void> {
    this.#made ??= (async () => {
      await mkdir(names.workersDirectory(this.#directory), { mode: PRIVATE_DIRECTORY, recursive: true });
      await writeBack(names.backFile(this.#directory));
    })();
    try {
      await this.#made;
    } catch (error) {
      this.#made = undefined;
      throw error;
    }
  }

  /** Nobody needs anything of the worker any more. */
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

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
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
