import { accessSync, constants, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showValue } from '../base/checks.ts';
import { InputFileError, PayloadError } from '../base/errors.ts';
import { hashOf } from '../base/hash.ts';
import { isMissing } from '../base/missing-files.ts';
import type { DataNode, GivenNode } from './graph.ts';

/** Turns the files that a call is given into nodes of its graph. */
export interface GivenFiles {
  /** @throws {InputFileError} if the file does not exist or cannot be given */
  give(file: InputFile): DataNode | GivenNode;
}

/** Given files of jobs that share this program's filesystem: each is its path. */
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

/** A file or directory that is transferred, made of links to its files. */
export interface TravellingFile {
  /** Last part of its path. */
  readonly name: string;
  /** Relative paths of the directories in it, parents first; undefined for a file. */
  readonly directories: readonly string[] | undefined;
  /** Absolute paths of its files by their relative paths; by `''` for a file. */
  readonly files: ReadonlyMap<string, string>;
}

/** Given files of jobs to which files are transferred, each once, however often it is given. */
export class TravellingFiles implements GivenFiles {
  /** Files by a directory name that no other file has, of this call or any other. */
  readonly files: Map<string, TravellingFile> = new Map();
  readonly urls: string[] = [];
  readonly #nodes = new Map<string, GivenNode>();

  get isEmpty(): boolean {
    return this.files.size === 0 && this.urls.length === 0;
  }

  /** Adds the files of another call. @throws {InputFileError} if two URLs would have one file name */
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
    // The root directory has no name.
    const name = basename(file.path) || 'root';
    const place = hashOf(file.path).slice(0, 16);
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

/** @param given the file or directory that contains the path */
function statOf(path: string, given: string): Stats {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path);
  } catch (error) {
    const why = isMissing(error) ? 'is not there' : `cannot be read: ${(error as Error).message}`;
    const of = path === given ? '' : `, in ${given},`;
    throw new InputFileError(`The file ${path}${of} that a call is given ${why}`, path, { cause: error });
  }
}

function alone(path: string): Omit<TravellingFile, 'name'> {
  return { directories: undefined, files: new Map([['', path]]) };
}

/** Lists a whole tree with its links resolved, because HTCondor does not follow links to directories. */
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

/**
 * Marks a path in the arguments of a call, at any depth, as a file that the call needs. The call gets the
 * file's path as a plain string: the absolute path where jobs share the filesystem, and nothing is copied;
 * with `filesystem: 'transfer'` the path of a copy on the job's machine. The file must exist when the call is
 * submitted and stay until the job starts.
 *
 * The returned value is a String object, so that functions that take a path can be called with it; in this
 * process it works like the path except for `typeof`. A string made of it, such as `${inputFile(path)}.gz`,
 * is not marked.
 * @param path a path relative to the current directory, or a `file:` URL object. A URL as a string, such as
 *   `https://…`, is fetched by HTCondor, which needs `filesystem: 'transfer'` and a plugin of the pool
 * @throws {TypeError} if `path` is neither a path nor a URL that HTCondor can fetch
 */
export function inputFile(path: string | URL): string {
  return make('file', path);
}

/**
 * Marks a path in the arguments of a call as a directory that the call needs with everything in it; see
 * {@link inputFile}. Links in it are replaced by the files and directories that they lead to.
 * @throws {TypeError} if `path` is not a path, or is a URL other than a `file:` URL object
 */
export function inputDirectory(path: string | URL): string {
  return make('directory', path);
}

/** Argument of {@link inputFile} or {@link inputDirectory}. */
export interface InputFile {
  readonly kind: 'file' | 'directory';
  /** Absolute path, or the URL. */
  readonly path: string;
  readonly isUrl: boolean;
}

/**
 * The file behind an object that {@link inputFile} or {@link inputDirectory} made; undefined for any other.
 */
export function inputFileOf(object: object): InputFile | undefined {
  return inputFiles.get(object);
}

const inputFiles = new WeakMap<object, InputFile>();

function make(kind: InputFile['kind'], given: string | URL): string {
  const file = parse(kind, given);
  const standIn = Object.freeze(new String(file.path));
  inputFiles.set(standIn, file);
  return standIn as string;
}

function parse(kind: InputFile['kind'], given: string | URL): InputFile {
  const owner = kind === 'file' ? 'inputFile' : 'inputDirectory';
  if (given instanceof URL && given.protocol === 'file:')
    return { kind, path: fileURLToPath(given), isUrl: false };
  const path = given instanceof URL ? given.href : given;
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`Expected \`path\` of ${owner}() to be a path or a URL, got ${showValue(given)}`);
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return { kind, path: resolve(path), isUrl: false };
  const trouble = troubleWithUrl(kind, path);
  if (trouble !== undefined)
    throw new TypeError(`Expected \`path\` of ${owner}() to be a path or a URL: ${path} ${trouble}`);
  return { kind, path, isUrl: true };
}

function troubleWithUrl(kind: InputFile['kind'], url: string): string | undefined {
  if (kind === 'directory') return 'is a URL, of which HTCondor fetches files alone';
  if (/[\s,()"\\]|\$/.test(url))
    return 'has white space, a comma, a bracket, a quote, a backslash or a dollar sign, which HTCondor does not take there: write it in percents, such as %20';
  return nameOfUrl(url) === '' ? 'names no file' : undefined;
}

/** Name that HTCondor gives the file of a URL. */
function nameOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** Directories of the files that were transferred with a call. */
type GivenPlace = Readonly<Record<GivenNode['from'], string>>;

let place: GivenPlace | undefined;

/** Sets the directories for the one call whose values this process loads. */
export function setGivenPlace(given: GivenPlace): void {
  place = given;
}

/** @throws {PayloadError} outside of the job that the file was transferred to */
export function pathOfGiven({ from, path }: GivenNode): string {
  if (place === undefined)
    throw new PayloadError(`The file ${path} has travelled to a job, and can be found there alone`);
  return join(place[from], path);
}
