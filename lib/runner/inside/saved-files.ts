import { cp, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { CheckpointError } from '../../inside-errors.ts';
import { PRIVATE_DIRECTORY } from '../../job-set/directory.ts';
import { temporaryFile } from '../../job-set/write-whole.ts';
import { showValue } from '../../options.ts';
import { Generations } from './generations.ts';
import { WriteQueue } from './write-queue.ts';

/** What was kept together, as a file beside the directory with the copies says it. */
interface Manifest {
  /** The name of that directory. */
  readonly directory: string;
  /** What was asked to be kept, by its name in there. */
  readonly names: readonly string[];
  /** All files in there, with their sizes in bytes. */
  readonly files: readonly (readonly [path: string, size: number])[];
}

/** Copies of a call's own files, on the disk. */
export class SavedFiles {
  readonly #directory: string;
  readonly #makeDirectory: () => void;
  readonly #generations: Generations;
  readonly #queue: WriteQueue<readonly string[]>;

  /** As that of SavedState. */
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

  /** @returns the paths of the copies of those copies; none if nothing was kept */
  async restore(to: string): Promise<string[]> {
    await this.#queue.idle();
    let seen = false;
    const manifest = await this.#generations.read(async (bytes) => {
      seen = true;
      const read = decode(bytes);
      return (await this.#isWhole(read)) ? read : undefined;
    });
    if (manifest === undefined && seen)
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
      await this.#generations.write(Buffer.from(JSON.stringify(manifest)), async (dropped) => {
        await this.#remove(decode(dropped).directory);
      });
    } catch (error) {
      await this.#remove(basename(target));
      throw error;
    }
  }

  async #remove(directory: string): Promise<void> {
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

/** @throws {TypeError} for what are no paths, or paths of the same name */
export function checkPaths(paths: readonly unknown[]): void {
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

/** All files below a directory, once they are on the disk. */
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
