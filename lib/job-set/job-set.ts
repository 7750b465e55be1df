import { constants } from 'node:fs';
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { DirectoryError, PayloadError } from '../base/errors.ts';
import { isLocalFileSystem } from './filesystem.ts';
import { type RunnerSetup, runScript, transferScript } from './job-script.ts';
import * as names from './names.ts';
import { inputsFile, newJobSetId } from './names.ts';
import { adoptTransferred } from './results.ts';
import {
  checkOwnership,
  makeDirectory,
  asyncFileCalls,
  PRIVATE_DIRECTORY,
  syncFileCalls,
  readEnd,
  readTrusted,
} from './trusted-files.ts';
import { exists, writeWhole } from './whole-files.ts';

/** Where the encoded call of a job lies. */
export interface InputLocation {
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  /**
   * What must travel to the job besides, where it does not see the job set: files and directories, by their paths in the job set, and URLs.
   */
  readonly travels?: readonly string[] | undefined;
}

/** How large a file of inputs gets before the next one is begun: it stays as long as any of its calls needs it. */
const INPUTS_BYTES = 64 * 1024 * 1024;

const LOG_FILES = { stdout: names.stdoutFile, stderr: names.stderrFile, start: names.startFile };

/** A directory that holds calls, their outcomes and all that belongs to them; the layout is in names.ts. */
export class JobSet {
  /** The directory's own name. */
  readonly id: string;
  readonly directory: string;
  /** Submit commands that its script needs, wherever its jobs are submitted from. */
  submit: Readonly<Record<string, string | number | boolean>> = {};
  /** Files that its script needs besides those of the set, where they travel. */
  brings: readonly string[] = [];
  /** Whether jobs do not see the directory: then each has inputs of its own, and its outcome comes back by file transfer. */
  readonly transfers: boolean;
  readonly #madeParent: boolean;
  #batches = 0;
  readonly #functions = new Set<string>();
  #journalTorn = false;
  #lastNote: Promise<void> = Promise.resolve();
  #calls = asyncFileCalls;
  /** One look at the directory is enough for all that is read in the same moment. */
  #checking: Promise<void> | undefined;

  private constructor(parent: string, id: string, madeParent: boolean, transfers: boolean) {
    this.id = id;
    this.transfers = transfers;
    this.directory = join(parent, id);
    this.#madeParent = madeParent;
  }

  /**
   * Makes a new job set below a directory.
   * @param header what to note in the set about who made it and how
   * @throws {DirectoryError} if there can be none
   */
  static async create(
    parent: string,
    runner: RunnerSetup,
    header: Record<string, unknown>,
    id: string = newJobSetId(),
  ): Promise<JobSet> {
    const jobSet = new JobSet(parent, id, makeDirectory(parent), runner.transfers === true);
    const { directory } = jobSet;
    await mkdir(directory, { mode: PRIVATE_DIRECTORY });
    try {
      await jobSet.#chooseCalls();
      for (const sub of [
        names.functionsDirectory,
        names.inputsDirectory,
        names.outcomesDirectory,
        names.logsDirectory,
        names.revokedDirectory,
        names.outputFilesDirectory,
        names.givenDirectory,
      ]) {
        await mkdir(sub(directory), { mode: PRIVATE_DIRECTORY });
      }
      await copyPrivately(runner.runner, names.runnerFile(directory));
      if (runner.code !== undefined) await copyPrivately(runner.code, names.runnerCodeFile(directory));
      const script = jobSet.transfers ? transferScript(id, runner) : runScript(directory, runner);
      await writeWhole(names.scriptFile(directory), script, 0o700);
      await writeWhole(names.eventLogFile(directory), '');
      const { pid } = process;
      const made = { id: jobSet.id, made: new Date(), host: hostname(), pid, cwd: process.cwd() };
      await writeWhole(names.headerFile(directory), stringify({ ...made, ...header }));
    } catch (error) {
      await jobSet.remove();
      throw error;
    }
    return jobSet;
  }

  /**
   * Opens a job set that another process made.
   * @param transfers as it was made
   * @throws {DirectoryError} if there is none; {@link OwnershipError} if another user could have written it
   */
  static async open(parent: string, id: string, transfers: boolean = false): Promise<JobSet> {
    const jobSet = new JobSet(parent, id, false, transfers);
    const { directory } = jobSet;
    const found = await readdir(names.functionsDirectory(directory)).catch((error: NodeJS.ErrnoException) => {
      const what = error.code === 'ENOENT' ? `There is no job set ${directory}` : error.message;
      throw new DirectoryError(what, directory, { cause: error });
    });
    await jobSet.#chooseCalls();
    await jobSet.#checkOwned();
    for (const name of found) jobSet.#functions.add(name);
    const batches = (await readdir(names.inputsDirectory(directory))).map(Number);
    // The process before may have been ended within a line.
    jobSet.#journalTorn = true;
    jobSet.#batches = Math.max(0, ...batches.filter((batch) => Number.isInteger(batch)));
    return jobSet;
  }

  /**
   * What {@link create} has noted.
   * @throws {DirectoryError} if its process was ended before that
   */
  async readHeader(): Promise<Record<string, unknown>> {
    const text = await readFile(names.headerFile(this.directory), 'utf8').catch((error: unknown) => {
      const message = `The job set ${this.directory} was not made to its end: there is nothing in it`;
      throw new DirectoryError(message, this.directory, { cause: error });
    });
    return parse(text) as Record<string, unknown>;
  }

  /** From now on no job of a submission begins, should there be any. Who has asked for its jobs after that has seen all that have begun. */
  async revoke(submission: number): Promise<void> {
    await writeWhole(names.revokedFile(this.directory, submission), '');
  }

  async isRevoked(submission: number): Promise<boolean> {
    return exists(names.revokedFile(this.directory, submission));
  }

  /** Writes a function, unless this set has it already. */
  async writeFunction(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.#functions.has(hash)) return;
    await writeWhole(names.functionFile(this.directory, hash), bytes);
    this.#functions.add(hash);
  }

  /**
   * Writes calls into one file, or a few if they are large; tells where each lies.
   * @throws {OwnershipError} if another user could have put something in the directory's place
   */
  async writeInputs(calls: readonly Uint8Array[]): Promise<InputLocation[]> {
    await this.#checkOwned();
    const first = this.#batches + 1;
    try {
      return await this.#writeBatches(calls);
    } catch (error) {
      // All of the calls fail; on a disk that is full, what is there already must not stay.
      for (let batch = first; batch <= this.#batches; batch += 1)
        await this.removeInputs(batch).catch(() => {});
      throw error;
    }
  }

  async #writeBatches(calls: readonly Uint8Array[]): Promise<InputLocation[]> {
    const locations: InputLocation[] = [];
    // A file travels as a whole.
    const limit = this.transfers ? 0 : INPUTS_BYTES;
    for (let begin = 0; begin < calls.length;) {
      let size = 0;
      let end = begin;
      this.#batches += 1;
      while (end < calls.length && (end === begin || size + (calls[end] as Uint8Array).length <= limit)) {
        const { length } = calls[end] as Uint8Array;
        locations.push({ batch: this.#batches, offset: size, length });
        size += length;
        end += 1;
      }
      await writeWhole(
        names.inputsFile(this.directory, this.#batches),
        // A call that is alone may be large.
        end - begin === 1 ? (calls[begin] as Uint8Array) : Buffer.concat(calls.slice(begin, end)),
      );
      begin = end;
    }
    return locations;
  }

  /**
   * Appends a line to the journal; it is on the disk when this returns.
   * @throws {OwnershipError} if another user could have put something in the directory's place
   */
  async note(entry: Record<string, unknown>): Promise<void> {
    // One after the other: whether there is a torn line is known when the one before is there, or is not.
    const noted = this.#lastNote.then(async () => this.#append(entry));
    this.#lastNote = noted.catch(() => {});
    return noted;
  }

  async #append(entry: Record<string, unknown>): Promise<void> {
    await this.#checkOwned();
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`;
    // Of a line that could not be written, as on a full disk, the beginning may be there.
    const text = this.#journalTorn ? `\n${line}` : line;
    this.#journalTorn = true;
    await appendFile(names.journalFile(this.directory), text, { mode: 0o600, flush: true });
    this.#journalTorn = false;
  }

  /**
   * The bytes of a job's outcome, or undefined if there is none yet.
   * @param hasEnded whether the job has; before that, more of what it sends may be on the way
   * @throws {OwnershipError} if another user could have written it; what the filesystem says if the whole job set is not there
   */
  async readOutcome(key: string, hasEnded: boolean = true): Promise<Buffer | undefined> {
    this.#checking ??= this.#checkOwned().finally(() => setImmediate(() => (this.#checking = undefined)));
    await this.#checking;
    const read = async (): Promise<Buffer | undefined> =>
      readTrusted(this.#calls, names.outcomeFile(this.directory, key));
    const bytes = await read();
    if (bytes !== undefined || !this.transfers || !hasEnded) return bytes;
    return (await adoptTransferred(this.directory, key)) ? read() : undefined;
  }

  /** The end of what a job has written, `limit` bytes of it at the most; empty if there is nothing. */
  async readLog(
    key: string,
    stream: 'stdout' | 'stderr' | 'start',
    limit: number = Infinity,
  ): Promise<string> {
    const found = await readEnd(this.#calls, LOG_FILES[stream](this.directory, key), limit);
    if (found === undefined) return '';
    const { start, bytes } = found;
    const text = bytes.toString('utf8');
    return start === 0
      ? text
      : `[the first ${start} bytes are left out]\n${text.slice(text.indexOf('\n') + 1)}`;
  }

  async #chooseCalls(): Promise<void> {
    this.#calls = (await isLocalFileSystem(this.directory)) ? syncFileCalls : asyncFileCalls;
  }

  async #checkOwned(): Promise<void> {
    checkOwnership(this.directory, await this.#calls.lstat(this.directory));
  }

  async removeOutcome(key: string): Promise<void> {
    await unlink(names.outcomeFile(this.directory, key)).catch(ignoreMissing);
    if (this.transfers) await unlink(names.transferredFile(this.directory, key)).catch(ignoreMissing);
  }

  async removeLogs(key: string): Promise<void> {
    for (const file of [names.stdoutFile, names.stderrFile, names.startFile]) {
      await unlink(file(this.directory, key)).catch(ignoreMissing);
    }
  }

  async removeInputs(batch: number): Promise<void> {
    await unlink(names.inputsFile(this.directory, batch)).catch(ignoreMissing);
    if (this.transfers) await rm(names.givenFilesOf(this.directory, batch), { recursive: true, force: true });
  }

  /** Removes all of it, and the directory above if it was made for this set and is empty now. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
    if (this.#madeParent) await rmdir(dirname(this.directory)).catch(() => {});
  }
}

/** The names in the outcomes directory of whole outcomes; one directory listing, however many there are. */
export async function listOutcomes(directory: string): Promise<string[]> {
  return (await readdir(names.outcomesDirectory(directory))).filter((name) => names.isOutcomeName(name));
}

async function copyPrivately(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL);
  await chmod(to, 0o600);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/**
 * The bytes of a call as they were submitted.
 * @throws {OwnershipError} if another user could have written them; {@link PayloadError} if they are not there
 */
export async function readInput(
  directory: string,
  { batch, offset, length }: InputLocation,
): Promise<Uint8Array> {
  const file = inputsFile(directory, batch);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    checkOwnership(file, await handle.stat());
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    if (bytesRead < length)
      throw new PayloadError(`${file} ends at ${offset + bytesRead}, before the end of the call`);
    return bytes;
  } finally {
    await handle.close();
  }
}
