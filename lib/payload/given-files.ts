import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { InputFileError } from '../file-errors.ts';
import type { DataNode, GivenNode } from './graph.ts';
import { nameOfUrl, type InputFile } from './input-file.ts';

/** What stands in a call for the files that it is given. */
export interface GivenFiles {
  /** @throws {InputFileError} if it is not there, or cannot be given */
  give(file: InputFile): DataNode | GivenNode;
}

/** For jobs that see what this program sees. */
export const SHARED_FILES: GivenFiles = {
  give(file) {
    const { path, isUrl } = file;
    if (isUrl && !path.startsWith('file:')) {
      throw new InputFileError(
        `inputFile('${path}') is for HTCondor to fetch, which it does for jobs with \`filesystem: 'transfer'\` alone. Remedy: that option, or fetch it in the call`,
        path,
      );
    }
    const local = isUrl ? pathOfUrl(path) : path;
    check({ ...file, path: local });
    return { kind: 'data', value: local };
  },
};

/** A file or directory that travels: under this name, links to the files that it is to hold, or is. */
export interface TravellingFile {
  /** Its last name. */
  readonly name: string;
  /** Of the directories below it, parents first; of a file, undefined. */
  readonly directories: readonly string[] | undefined;
  /** The absolute path of each file, by its path below it; of a file, by `''`. */
  readonly files: ReadonlyMap<string, string>;
}

/** For jobs to which files travel: each once, however often it is given. */
export class TravellingFiles implements GivenFiles {
  /** By the names of their places, which are those of no others, whatever calls they are of. */
  readonly files: Map<string, TravellingFile> = new Map();
  readonly urls: string[] = [];
  readonly #nodes = new Map<string, GivenNode>();

  get isEmpty(): boolean {
    return this.files.size === 0 && this.urls.length === 0;
  }

  /** All that others hold, whose nodes are those of this one's calls, too. @throws {InputFileError} */
  addAll(others: TravellingFiles): void {
    for (const [place, file] of others.files) this.files.set(place, file);
    for (const url of others.urls) if (!this.urls.includes(url)) this.#addUrl(url);
  }

  give(file: InputFile): GivenNode {
    const known = this.#nodes.get(file.path);
    if (known !== undefined && !file.isUrl) check(file);
    const node = known ?? (file.isUrl ? this.#addUrl(file.path) : this.#addFile(file));
    this.#nodes.set(file.path, node);
    return node;
  }

  #addFile(file: InputFile): GivenNode {
    check(file);
    // The root has no name.
    const name = basename(file.path) || 'root';
    const place = createHash('sha256').update(file.path).digest('hex').slice(0, 16);
    this.files.set(place, { name, ...(file.kind === 'file' ? alone(file.path) : walk(file.path)) });
    return { kind: 'given', from: 'files', path: `${place}/${name}` };
  }

  #addUrl(url: string): GivenNode {
    const path = nameOfUrl(url);
    const other = this.urls.find((known) => nameOfUrl(known) === path);
    if (other !== undefined) {
      throw new InputFileError(
        `HTCondor would have ${url} and ${other} under one name, ${path}: a call can be given only one of them`,
        url,
      );
    }
    this.urls.push(url);
    return { kind: 'given', from: 'scratch', path };
  }
}

function check({ kind, path }: InputFile): void {
  const stats = statOf(path, path);
  if (kind === 'file' && stats.isDirectory()) {
    throw new InputFileError(`inputFile('${path}') is a directory. Remedy: inputDirectory()`, path);
  }
  if (kind === 'file' ? !stats.isFile() : !stats.isDirectory()) {
    const what = kind === 'file' ? "inputFile('" : "inputDirectory('";
    throw new InputFileError(`${what}${path}') is no ${kind}`, path);
  }
}

/** @param given what it is a part of */
function statOf(path: string, given: string): Stats {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read: ${message}`;
    const of = path === given ? '' : `, in ${given},`;
    throw new InputFileError(`The file ${path}${of} that a call is given ${why}`, path, { cause: error });
  }
}

function alone(path: string): Omit<TravellingFile, 'name'> {
  return { directories: undefined, files: new Map([['', path]]) };
}

/** HTCondor does not follow links to directories: all of the tree is told, as if there were no links. */
function walk(root: string): Omit<TravellingFile, 'name'> {
  const directories: string[] = [];
  const files = new Map<string, string>();
  const visit = (directory: string, above: readonly string[]): void => {
    const real = realpathSync(directory);
    if (above.includes(real)) {
      throw new InputFileError(
        `The directory ${root} holds itself, by the link ${directory}: it cannot be given to a call`,
        root,
      );
    }
    directories.push(relative(root, directory));
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const stats = statOf(path, root);
      if (stats.isDirectory()) visit(path, [...above, real]);
      else if (stats.isFile()) files.set(relative(root, path), path);
      else {
        throw new InputFileError(
          `${path} is neither a file nor a directory: ${root} cannot be given to a call`,
          path,
        );
      }
    }
  };
  visit(root, []);
  return { directories, files };
}

function pathOfUrl(url: string): string {
  return decodeURIComponent(new URL(url).pathname);
}
