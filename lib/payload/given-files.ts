import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showValue } from '../base/checks.ts';
import { InputFileError, PayloadError } from '../base/errors.ts';
import type { DataNode, GivenNode } from './graph.ts';

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

/**
 * A file for a call: stands in its arguments, at any depth, where the call is to have the file's path. The call gets a plain string. Where jobs
 * share the filesystem it is the absolute path, and nothing is copied; with `filesystem: 'transfer'` the file travels, and the call gets
 * its path there. It is looked for when the call is submitted, and read when the job starts: until then it must stay.
 *
 * What is returned is a String object, so that functions which take a path can be called with it; here it is as good as the path, but for
 * `typeof`. What is made of it here, such as `${inputFile(path)}.gz`, is a plain string as any other.
 * @param path relative to the current directory; a `file:` URL object is a path, too. A URL as a string, such as `https://…`, is for
 *   HTCondor to fetch, which takes `filesystem: 'transfer'` and a plugin of the pool
 * @throws {TypeError}
 */
export function inputFile(path: string | URL): string {
  return make('file', path);
}

/** As {@link inputFile}, for a directory with all that is in it. What links in it lead to travels in their place. */
export function inputDirectory(path: string | URL): string {
  return make('directory', path);
}

/** What {@link inputFile} was given. */
export interface InputFile {
  readonly kind: 'file' | 'directory';
  /** Absolute; or the URL. */
  readonly path: string;
  readonly isUrl: boolean;
}

/** What the object stands for, if {@link inputFile} has made it. */
export function inputFileOf(object: object): InputFile | undefined {
  return known.get(object);
}

const known = new WeakMap<object, InputFile>();

function make(kind: InputFile['kind'], given: string | URL): string {
  const file = parse(kind, given);
  const standIn = Object.freeze(new String(file.path));
  known.set(standIn, file);
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

/** Under which name HTCondor has the file of a URL. */
export function nameOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

/** Where the files are that have travelled with a call. */
export type GivenPlace = Readonly<Record<GivenNode['from'], string>>;

let place: GivenPlace | undefined;

/** Of the one call whose values this process loads. */
export function setGivenPlace(given: GivenPlace): void {
  place = given;
}

/** @throws {PayloadError} outside of the job that the file travels to */
export function pathOfGiven({ from, path }: GivenNode): string {
  if (place === undefined)
    throw new PayloadError(`The file ${path} has travelled to a job, and can be found there alone`);
  return join(place[from], path);
}
