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
import { DirectoryError, PayloadError } from '../base/errors.ts';
import { ignoreMissing, isMissing } from '../base/missing-files.ts';
import { isLocalFileSystem } from './filesystem.ts';
import { type RunnerSetup, runScript, transferScript } from './job-script.ts';
import * as names from './names.ts';
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
import { surelyExists, writeWhole } from './whole-files.ts';

/** Location of a job's encoded call. */
export interface InputLocation {
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  /**
   * Files, directories (by their paths in the job set) and URLs to transfer to a job that does not see the
   * job set.
   */
  readonly travels?: readonly string[] | undefined;
}

/**
 * Size at which the next file of inputs is started, because a file stays until none of its calls needs it.
 */
const INPUTS_BYTES = 64 * 1024 * 1024;

const LOG_FILES = { stdout: names.stdoutFile, stderr: names.stderrFile, start: names.startFile };

/**
 * A directory with calls, their outcomes and everything that belongs to them; see names.ts for its layout.
 */
export class JobSet {
  /** Base name of the directory. */
  readonly id: string;
  readonly directory: string;
  /** Submit commands that the job script needs. */
  submit: Readonly<Record<string, string | number | boolean>> = {};
  /** Files outside of the job set that the job script needs, if files are transferred. */
  brings: readonly string[] = [];
  /**
   * Whether jobs do not see the directory: each then has its own inputs, and file transfer brings its outcome
   * back.
   */
  readonly transfers: boolean;
  readonly #hasMadeParent: boolean;
  #lastBatch = 0;
  readonly #writtenFunctions = new Set<string>();
  #mayBeTorn = false;
  #lastAppend: Promise<void> = Promise.resolve();
  #fileCalls = asyncFileCalls;
  /** Check of the directory's owner, shared by all reads of one tick. */
  #ownershipCheck: Promise<void> | undefined;

  private constructor(parent: string, id: string, hasMadeParent: boolean, transfers: boolean) {
    this.id = id;
    this.transfers = transfers;
    this.directory = join(parent, id);
    this.#hasMadeParent = hasMadeParent;
  }

  /**
   * Creates a job set in a directory.
   * @param header recorded in job-set.yaml
   * @throws {DirectoryError} if the directory cannot hold job sets
   */
  static async create(
    parent: string,
    runner: RunnerSetup,
    header: Record<string, unknown>,
    id: string = names.newJobSetId(),
  ): Promise<JobSet> {
    const jobSet = new JobSet(parent, id, makeDirectory(parent), runner.transfers === true);
    const { directory } = jobSet;
    await mkdir(directory, { mode: PRIVATE_DIRECTORY });
    try {
      await jobSet.#chooseFileCalls();
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
      await writeWhole(names.headerFile(directory), formatHeader({ ...made, ...header }));
    } catch (error) {
      await jobSet.remove();
      throw error;
    }
    return jobSet;
  }

  /**
   * Opens a job set that another process has created.
   * @param transfers as the job set was created
   * @throws {DirectoryError} if it does not exist; {@link OwnershipError} if another user could have written
   * it
   */
  static async open(parent: string, id: string, transfers: boolean = false): Promise<JobSet> {
    const jobSet = new JobSet(parent, id, false, transfers);
    const { directory } = jobSet;
    const found = await readdir(names.functionsDirectory(directory)).catch((error: NodeJS.ErrnoException) => {
      const what = isMissing(error) ? `There is no job set ${directory}` : error.message;
      throw new DirectoryError(what, directory, { cause: error });
    });
    await jobSet.#chooseFileCalls();
    await jobSet.#checkOwner();
    for (const name of found) jobSet.#writtenFunctions.add(name);
    const batches = (await readdir(names.inputsDirectory(directory))).map(Number);
    // The previous process may have been killed while it wrote a line.
    jobSet.#mayBeTorn = true;
    jobSet.#lastBatch = Math.max(0, ...batches.filter((batch) => Number.isInteger(batch)));
    return jobSet;
  }

  /**
   * Reads job-set.yaml, as {@link create} has written it.
   * @throws {DirectoryError} if the creating process was killed before it wrote that, or it is of another
   * version
   */
  async readHeader(): Promise<Record<string, unknown>> {
    const text = await readFile(names.headerFile(this.directory), 'utf8').catch((error: unknown) => {
      const message = `The job set ${this.directory} was not made to its end: there is nothing in it`;
      throw new DirectoryError(message, this.directory, { cause: error });
    });
    try {
      return parseHeader(text);
    } catch (error) {
      const file = names.headerFile(this.directory);
      const message = `${file} is not what this version of condor-futures writes: ${(error as Error).message}. Remedy: use the version that made it`;
      throw new DirectoryError(message, this.directory, { cause: error });
    }
  }

  /**
   * Makes all jobs of a submission exit at once if they start after this call. A queue query made after it
   * sees every job that has started.
   */
  async revoke(submission: number): Promise<void> {
    await writeWhole(names.revokedFile(this.directory, submission), '');
  }

  async isRevoked(submission: number): Promise<boolean> {
    return surelyExists(names.revokedFile(this.directory, submission));
  }

  /** Writes a function, unless the job set has it already. */
  async writeFunction(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.#writtenFunctions.has(hash)) return;
    await writeWhole(names.functionFile(this.directory, hash), bytes);
    this.#writtenFunctions.add(hash);
  }

  /**
   * Writes calls to one file, or to several if they are large.
   * @returns the location of each call
   * @throws {OwnershipError} if another user could have replaced the directory
   */
  async writeInputs(calls: readonly Uint8Array[]): Promise<InputLocation[]> {
    await this.#checkOwner();
    const first = this.#lastBatch + 1;
    try {
      return await this.#writeBatches(calls);
    } catch (error) {
      // All of the calls fail; on a full disk, the files written so far must not stay.
      for (let batch = first; batch <= this.#lastBatch; batch += 1)
        await this.removeInputs(batch).catch(() => {});
      throw error;
    }
  }

  async #writeBatches(calls: readonly Uint8Array[]): Promise<InputLocation[]> {
    const locations: InputLocation[] = [];
    // A file is transferred as a whole, so each call gets its own.
    const limit = this.transfers ? 0 : INPUTS_BYTES;
    for (let begin = 0; begin < calls.length;) {
      let size = 0;
      let end = begin;
      this.#lastBatch += 1;
      while (end < calls.length && (end === begin || size + (calls[end] as Uint8Array).length <= limit)) {
        const { length } = calls[end] as Uint8Array;
        locations.push({ batch: this.#lastBatch, offset: size, length });
        size += length;
        end += 1;
      }
      await writeWhole(
        names.inputsFile(this.directory, this.#lastBatch),
        // A single call may be large, and is not copied.
        end - begin === 1 ? (calls[begin] as Uint8Array) : Buffer.concat(calls.slice(begin, end)),
      );
      begin = end;
    }
    return locations;
  }

  /**
   * Appends a line to the journal. Resolves when it is on the disk.
   * @throws {OwnershipError} if another user could have replaced the directory
   */
  async note(entry: Record<string, unknown>): Promise<void> {
    // One at a time, because a failed append may leave a torn line before the next one.
    const appended = this.#lastAppend.then(async () => this.#append(entry));
    this.#lastAppend = appended.catch(() => {});
    return appended;
  }

  async #append(entry: Record<string, unknown>): Promise<void> {
    await this.#checkOwner();
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`;
    // After a failed append, as on a full disk, a part of that line may be there.
    const text = this.#mayBeTorn ? `\n${line}` : line;
    this.#mayBeTorn = true;
    await appendFile(names.journalFile(this.directory), text, { mode: 0o600, flush: true });
    this.#mayBeTorn = false;
  }

  /**
   * Reads the outcome of a job; undefined if there is none yet.
   * @param hasEnded whether the job has ended, so that file transfer brings no more of its outcome
   * @throws {OwnershipError} if another user could have written it; the file system's error if the job set is
   * missing
   */
  async readOutcome(key: string, hasEnded: boolean = true): Promise<Buffer | undefined> {
    this.#ownershipCheck ??= this.#checkOwner().finally(() =>
      setImmediate(() => (this.#ownershipCheck = undefined)),
    );
    await this.#ownershipCheck;
    const read = async (): Promise<Buffer | undefined> =>
      readTrusted(this.#fileCalls, names.outcomeFile(this.directory, key));
    const bytes = await read();
    if (bytes !== undefined || !this.transfers || !hasEnded) return bytes;
    return (await adoptTransferred(this.directory, key)) ? read() : undefined;
  }

  /** Reads the end of a job's log, at most `limit` bytes; empty if there is no log. */
  async readLog(
    key: string,
    stream: 'stdout' | 'stderr' | 'start',
    limit: number = Infinity,
  ): Promise<string> {
    const found = await readEnd(this.#fileCalls, LOG_FILES[stream](this.directory, key), limit);
    if (found === undefined) return '';
    const { start, bytes } = found;
    const text = bytes.toString('utf8');
    return start === 0
      ? text
      : `[the first ${start} bytes are left out]\n${text.slice(text.indexOf('\n') + 1)}`;
  }

  async #chooseFileCalls(): Promise<void> {
    this.#fileCalls = (await isLocalFileSystem(this.directory)) ? syncFileCalls : asyncFileCalls;
  }

  async #checkOwner(): Promise<void> {
    checkOwnership(this.directory, await this.#fileCalls.lstat(this.directory));
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

  /** Deletes the job set, and its parent directory if that was made for it and is empty now. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
    if (this.#hasMadeParent) await rmdir(dirname(this.directory)).catch(() => {});
  }
}

/** Lists the keys of all whole outcomes, with a single directory listing. */
export async function listOutcomes(directory: string): Promise<string[]> {
  return (await readdir(names.outcomesDirectory(directory))).filter((name) => names.isOutcomeName(name));
}

/**
 * YAML with a key on each line, and its value in JSON, which is YAML, too. It needs no YAML library, which
 * would take longer to load than all the rest of a program's start.
 */
function formatHeader(header: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(header).flatMap(([key, value]) => {
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined ? [] : [`${key}: ${text}\n`];
  });
  return lines.join('');
}

/** Reads what {@link formatHeader} wrote; a value that is no JSON is a text. */
function parseHeader(text: string): Record<string, unknown> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const entries = lines.map((line) => {
    const [, key = '', value = ''] = /^(\w+): (.+)$/.exec(line) ?? [];
    if (key === '') throw new SyntaxError(`Expected \`key: value\`, got \`${line}\``);
    try {
      return [key, JSON.parse(value) as unknown];
    } catch {
      return [key, value];
    }
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

async function copyPrivately(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL);
  await chmod(to, 0o600);
}

/**
 * Reads the encoded call of a job.
 * @throws {OwnershipError} if another user could have written it; {@link PayloadError} if the file is too
 * short
 */
export async function readInput(
  directory: string,
  { batch, offset, length }: InputLocation,
): Promise<Uint8Array> {
  const file = names.inputsFile(directory, batch);
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
