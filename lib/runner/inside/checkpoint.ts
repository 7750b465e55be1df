import { cp, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { showValue } from '../../base/checks.ts';
import { CheckpointError, InvalidStateError, SerializationError } from '../../base/errors.ts';
import { callDirectory, callsDirectory, checkpointDirectory, parseJobKey } from '../../job-set/names.ts';
import { PRIVATE_DIRECTORY } from '../../job-set/trusted-files.ts';
import { temporaryFile } from '../../job-set/whole-files.ts';
import type { Checkpoint } from '../../job.ts';
import { deserializeWith } from '../../payload/deserialize.ts';
import { serializePlain } from '../../payload/plain-data.ts';
import { lazy } from '../lazy.ts';
import type { RunningCall } from '../outcome.ts';
import { Generations, makeDirectoriesSync, WriteQueue } from './generations.ts';
import type { Termination } from './termination.ts';

/** The checkpoints of a call, which its earlier attempts may have saved. */
export class CallCheckpoint implements Checkpoint {
  readonly #termination: Termination;
  readonly #scratch: () => string;
  readonly #state: SavedState;
  readonly #files: SavedFiles;
  #ended = false;

  /** @param scratch returns the directory to which files are restored by default */
  constructor(call: RunningCall, termination: Termination, scratch: () => string) {
    this.#termination = termination;
    this.#scratch = scratch;
    const { directory, key } = call.writer.place;
    const { call: index } = parseJobKey(key);
    const checkpoints = checkpointDirectory(directory, index, call.item);
    const makeDirectory = (): void =>
      makeDirectoriesSync(callsDirectory(directory), callDirectory(directory, index), checkpoints);
    this.#state = new SavedState(checkpoints, call, makeDirectory);
    this.#files = new SavedFiles(checkpoints, makeDirectory);
  }

  // The state is encoded before anything is awaited, so that later changes of it are not saved.
  async save(state: unknown): Promise<void> {
    this.#refuseIfEnded('save()');
    const bytes = this.#state.encode(state);
    await this.#termination.guard(withCheckpointError('written', this.#state.file, this.#state.write(bytes)));
  }

  async load<T>(): Promise<T | undefined> {
    this.#refuseIfEnded('load()');
    return (await withCheckpointError('read', this.#state.file, this.#state.load())) as T | undefined;
  }

  async saveFiles(...paths: string[]): Promise<void> {
    this.#refuseIfEnded('saveFiles()');
    checkPaths(paths);
    await this.#termination.guard(withCheckpointError('written', this.#files.file, this.#files.write(paths)));
  }

  async restoreFiles(directory: string = this.#scratch()): Promise<string[]> {
    this.#refuseIfEnded('restoreFiles()');
    return withCheckpointError('read', this.#files.file, this.#files.restore(directory));
  }

  /** Refuses further use. Resolves when nothing is being written. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#state.idle();
    await this.#files.idle();
  }

  #refuseIfEnded(method: string): void {
    if (this.#ended) {
      throw new InvalidStateError(
        `checkpoint.${method} of a call that is over. Remedy: await it in the call, before that returns`,
      );
    }
  }
}

/** Turns file system errors into a CheckpointError. */
async function withCheckpointError<T>(
  what: 'read' | 'written',
  file: string,
  operation: Promise<T>,
): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof SerializationError || (error as NodeJS.ErrnoException).code === undefined)
      throw error;
    const message = `The checkpoint of the call could not be ${what}: ${(error as Error).message}`;
    throw new CheckpointError(message, file, { cause: error });
  }
}

/** The saved state of a call. */
class SavedState {
  readonly file: string;
  readonly #call: RunningCall;
  readonly #generations: Generations;
  readonly #queue: WriteQueue<Uint8Array>;

  /**
   * @param directory of the call's checkpoints
   * @param call whose function and arguments the state may share classes and constants with
   * @param makeDirectory creates that directory
   */
  constructor(directory: string, call: RunningCall, makeDirectory: () => void) {
    this.file = join(directory, 'state');
    this.#call = call;
    this.#generations = new Generations(this.file);
    this.#queue = new WriteQueue(async (bytes) => {
      makeDirectory();
      await this.#generations.write(bytes);
    });
  }

  /**
   * Encodes the state as it is now.
   * @throws {SerializationError}
   */
  encode(state: unknown): Uint8Array {
    return (
      serializePlain(state, 'checkpoint') ?? lazy().serialize(state, this.#call.options.capture, 'checkpoint')
    );
  }

  /** Resolves when the state is on the disk. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#queue.add(bytes);
  }

  async load(): Promise<unknown> {
    await this.#queue.idle();
    const bytes = await this.#generations.read(async (whole) => whole);
    const { options, identities } = this.#call;
    return bytes && deserializeWith(bytes, options, undefined, identities);
  }

  async idle(): Promise<void> {
    await this.#queue.idle();
  }
}

/** Describes files that were saved together; it lies beside the directory with their copies. */
interface Manifest {
  /** Name of that directory. */
  readonly directory: string;
  /** Names of the saved files and directories in it. */
  readonly names: readonly string[];
  /** All files in it, with their sizes in bytes. */
  readonly files: readonly (readonly [path: string, size: number])[];
}

/** The saved copies of a call's files. */
class SavedFiles {
  readonly #directory: string;
  readonly #makeDirectory: () => void;
  readonly #generations: Generations;
  readonly #queue: WriteQueue<readonly string[]>;

  /** See the constructor of SavedState. */
  constructor(directory: string, makeDirectory: () => void) {
    this.#directory = directory;
    this.#makeDirectory = makeDirectory;
    this.#generations = new Generations(join(directory, 'files'));
    this.#queue = new WriteQueue(async (paths) => this.#write(paths));
  }

  get file(): string {
    return this.#generations.file;
  }

  /** Resolves when the copies are on the disk. */
  async write(paths: readonly string[]): Promise<void> {
    await this.#queue.add(paths);
  }

  /**
   * Copies the saved files to a directory.
   * @returns their paths there; none if nothing was saved
   */
  async restore(to: string): Promise<string[]> {
    await this.#queue.idle();
    let isManifestFound = false;
    const manifest = await this.#generations.read(async (bytes) => {
      isManifestFound = true;
      const read = decode(bytes);
      return (await this.#isWhole(read)) ? read : undefined;
    });
    if (manifest === undefined && isManifestFound)
      throw new CheckpointError(`The files that were kept in ${this.#directory} are not whole`, this.file);
    const paths: string[] = [];
    for (const name of manifest?.names ?? []) {
      const path = join(to, name);
      await rm(path, { recursive: true, force: true });
      await cp(join(this.#directory, (manifest as Manifest).directory, name), path, { recursive: true });
      paths.push(path);
    }
    return paths;
  }

  async idle(): Promise<void> {
    await this.#queue.idle();
  }

  async #write(paths: readonly string[]): Promise<void> {
    this.#makeDirectory();
    const target = temporaryFile(this.file);
    await mkdir(target, { mode: PRIVATE_DIRECTORY });
    try {
      for (const path of paths) {
        await cp(path, join(target, basename(path)), { recursive: true, dereference: true });
      }
      const files = await syncAll(target);
      const names = paths.map((path) => basename(path));
      const manifest: Manifest = { directory: basename(target), names, files };
      await this.#generations.write(Buffer.from(JSON.stringify(manifest)), async (replaced) => {
        await this.#deleteCopies(decode(replaced).directory);
      });
    } catch (error) {
      await this.#deleteCopies(basename(target));
      throw error;
    }
  }

  async #deleteCopies(directory: string): Promise<void> {
    await rm(join(this.#directory, basename(directory)), { recursive: true, force: true }).catch(() => {});
  }

  async #isWhole({ directory, files }: Manifest): Promise<boolean> {
    for (const [path, size] of files) {
      const found = await stat(join(this.#directory, directory, path)).catch(() => undefined);
      if (found?.size !== size) return false;
    }
    return true;
  }
}

/** @throws {TypeError} for values that are not paths, and for paths of the same name */
function checkPaths(paths: readonly unknown[]): void {
  const names = new Map<string, string>();
  for (const path of paths) {
    if (typeof path !== 'string' || basename(path) === '' || basename(path) === '..') {
      throw new TypeError(
        `Expected what saveFiles() gets to be paths of files and directories, got ${showValue(path)}`,
      );
    }
    const other = names.get(basename(path));
    if (other !== undefined) {
      throw new TypeError(
        `saveFiles() keeps files by their names, and ${other} and ${path} have the same one. ` +
          'Remedy: put them into a directory, and save that',
      );
    }
    names.set(basename(path), path);
  }
}

function decode(bytes: Uint8Array): Manifest {
  return JSON.parse(Buffer.from(bytes).toString()) as Manifest;
}

/** Syncs all files below a directory, and lists them. */
async function syncAll(directory: string): Promise<[path: string, size: number][]> {
  const found: [string, number][] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const handle = await open(path, 'r');
    try {
      await handle.sync();
      found.push([relative(directory, path), (await handle.stat()).size]);
    } finally {
      await handle.close();
    }
  }
  return found;
}
