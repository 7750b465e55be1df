import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { showValue } from '../../base/checks.ts';
import { OutputFileError } from '../../base/errors.ts';
import { outputDirectory, type OutputOwner } from '../../job-set/call-outputs.ts';
import { givenDirectory, outputFilesOf } from '../../job-set/names.ts';
import { PRIVATE_DIRECTORY } from '../../job-set/trusted-files.ts';
import { isForbidden, temporaryFile } from '../../job-set/whole-files.ts';

/**
 * Moves a file or directory of a call to the output files of its job set. Its name there shows all of it, or
 * nothing; an earlier file of that name is replaced.
 * @throws {TypeError} {@link OutputFileError}
 */
export function sendBack(directory: string, owner: OutputOwner, path: unknown): void {
  if (typeof path !== 'string' || path === '')
    throw new TypeError(`Expected \`path\` of outputFile() to be a path, got ${showValue(path)}`);
  const source = resolve(path);
  const target = join(outputDirectory(directory, owner), nameOf(source, directory));
  try {
    // HTCondor transfers no links, so a tree with links is copied; others are renamed, which is faster.
    const isPlain = !hasLinks(source);
    mkdirSync(dirname(target), { recursive: true, mode: PRIVATE_DIRECTORY });
    if (!isPlain || !tryRename(source, target)) {
      const copy = temporaryFile(outputFilesOf(directory, owner.key));
      try {
        copyTree(source, copy, []);
        replace(copy, target);
      } catch (error) {
        rmSync(copy, { recursive: true, force: true });
        throw error;
      }
      rmSync(source, { recursive: true });
    }
  } catch (error) {
    if (error instanceof OutputFileError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' && !hasEntry(source) ? 'is not there' : `could not be sent back: ${message}`;
    throw new OutputFileError(`The file ${source} ${why}`, source, { cause: error });
  }
}

/** The path below the current directory; for a file elsewhere, its base name. */
function nameOf(source: string, directory: string): string {
  const name = relative(process.cwd(), source);
  if (name === '' || isWithin(directory, source)) {
    throw new OutputFileError(
      `${source} holds more than files of the call, and cannot be sent back. Remedy: name what is in it`,
      source,
    );
  }
  // Input files transferred to the call are its own.
  if (isWithin(source, givenDirectory(directory))) return basename(source);
  if (isWithin(source, directory))
    throw new OutputFileError(`${source} is a part of the job set, and cannot be sent back`, source);
  return name === '..' || name.startsWith(`..${sep}`) || isAbsolute(name) ? basename(source) : name;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/**
 * Whether a tree has links. Also syncs its files, and checks that all are readable, because HTCondor would
 * hold the job otherwise.
 */
function hasLinks(path: string): boolean {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return true;
  accessSync(path, constants.R_OK);
  if (stats.isDirectory())
    return readdirSync(path)
      .map((name) => hasLinks(join(path, name)))
      .some(Boolean);
  if (!stats.isFile()) refuseKind(path);
  sync(path);
  return false;
}

function refuseKind(path: string): never {
  throw new OutputFileError(`${path} is neither a file nor a directory, and cannot be sent back`, path);
}

/** @returns false if the target is on another file system */
function tryRename(source: string, target: string): boolean {
  try {
    replace(source, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    return false;
  }
}

function replace(source: string, target: string): void {
  // A rename does not replace a directory, nor a file by a directory.
  if (hasEntry(target) && (lstatSync(target).isDirectory() || lstatSync(source).isDirectory()))
    rmSync(target, { recursive: true });
  renameSync(source, target);
}

/** @param above real paths of the directories that contain the source */
function copyTree(source: string, target: string, above: readonly string[]): void {
  const stats = statSync(source);
  if (stats.isFile()) {
    copyFileSync(source, target, constants.COPYFILE_FICLONE);
    sync(target);
  } else if (stats.isDirectory()) {
    const real = realpathSync(source);
    if (above.includes(real))
      throw new OutputFileError(`${source} leads to itself, and cannot be sent back`, source);
    mkdirSync(target, { mode: PRIVATE_DIRECTORY });
    for (const name of readdirSync(source))
      copyTree(join(source, name), join(target, name), [...above, real]);
    chmodSync(target, stats.mode | PRIVATE_DIRECTORY);
  } else refuseKind(source);
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r');
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!isForbidden(error)) throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file, directory or link exists. */
function hasEntry(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
