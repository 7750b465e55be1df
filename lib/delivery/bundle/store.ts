import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, lstatSync, type Stats } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import PQueue from 'p-queue';
import { DeliveryError } from '../../base/errors.ts';
import { runCommand } from '../../batch/run-command.ts';
import {
  bundleArchive,
  bundleDirectory,
  bundledNode,
  bundlesDirectory,
  headerFile,
  isJobSetId,
  packedNode,
  scriptFile,
} from '../../job-set/names.ts';
import { checkOwnership, makeDirectory, PRIVATE_DIRECTORY } from '../../job-set/trusted-files.ts';
import { temporaryFile } from '../../job-set/whole-files.ts';
import type { BundledFile } from './files.ts';

/** How often it begins anew where files change while they are copied. */
const MOST_TRIES = 3;

/** As a directory that jobs see, or as an archive that is brought to them. */
export type BundleForm = 'directory' | 'archive';

/**
 * The files in `<directory>/bundles`: those that are there already if they have the same content. Under their final name they are whole.
 * @returns where
 * @throws {DeliveryError} if they keep changing; {@link DirectoryError} {@link OwnershipError}
 */
export async function storeFiles(
  directory: string,
  root: string,
  files: readonly BundledFile[],
  form: BundleForm,
): Promise<string> {
  makeDirectory(directory);
  await makeBundlesDirectory(directory);
  const place = form === 'directory' ? bundleDirectory : bundleArchive;
  for (let tries = 1; ; tries += 1) {
    const hash = await hashFiles(root, files);
    const target = place(directory, hash);
    if (isWhole(target, form === 'directory' ? files : []) && (await markUsed(target))) return target;
    if (await make(root, files, form, target, hash)) {
      await removeUnused(directory);
      return target;
    }
    if (tries === MOST_TRIES)
      throw new DeliveryError('bundle', `cannot pack ${root}: its files change while they are copied`);
  }
}

export async function makeBundlesDirectory(directory: string): Promise<void> {
  const bundles = bundlesDirectory(directory);
  await mkdir(bundles, { recursive: true, mode: PRIVATE_DIRECTORY });
  checkOwnership(bundles, lstatSync(bundles));
}

/** Whether something of that name is there, with all that it is to have: what a machine has lost as it failed is made anew. */
export function isWhole(target: string, files: readonly BundledFile[]): boolean {
  const stats = statOf(target);
  if (stats === undefined) return false;
  checkOwnership(target, stats);
  return files.every(({ path, link, size }) => {
    const found = statOf(join(target, path));
    return link === undefined
      ? found?.isFile() === true && found.size === size
      : found?.isSymbolicLink() === true;
  });
}

/**
 * What nobody has used for long is removed.
 * @returns false if it has just been
 */
export async function markUsed(target: string): Promise<boolean> {
  const now = new Date();
  return utimes(target, now, now).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** @returns false if the files have changed meanwhile */
async function make(
  root: string,
  files: readonly BundledFile[],
  form: BundleForm,
  target: string,
  hash: string,
): Promise<boolean> {
  const stage = temporaryFile(target);
  const archive = `${stage}.gz`;
  try {
    await mkdir(stage, { mode: PRIVATE_DIRECTORY });
    if ((await copyFiles(root, files, stage)) !== hash) return false;
    if (form === 'directory') await putInPlace(stage, target, files);
    else {
      await runCommand('tar', ['-czf', archive, '-C', stage, '.']);
      await chmod(archive, 0o400);
      await sync(archive);
      await rename(archive, target);
    }
    return true;
  } finally {
    await rm(stage, { recursive: true, force: true });
    await rm(archive, { force: true });
  }
}

/** Another process may have been faster; or there may be one that has lost some of its files. */
async function putInPlace(stage: string, target: string, files: readonly BundledFile[]): Promise<void> {
  try {
    await rename(stage, target);
  } catch (error) {
    if (isWhole(target, files)) return;
    if (statOf(target) === undefined) throw error;
    const broken = `${stage}.broken`;
    await rename(target, broken);
    await rename(stage, target);
    await rm(broken, { recursive: true, force: true });
  }
}

export async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function statOf(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

const HASH_LENGTH = 40;

/**
 * A node binary in `<directory>/bundles`, by its content: packed, if it is to be brought to the jobs.
 * @returns where
 * @throws {DeliveryError} if it is not all in one file
 */
export async function storeNode(directory: string, node: string, form: BundleForm): Promise<string> {
  checkNode(node, process.config.variables as { readonly node_shared?: unknown });
  makeDirectory(directory);
  await makeBundlesDirectory(directory);
  const hash = createHash('sha256');
  await pipeline(createReadStream(node), hash);
  const name = hash.digest('hex').slice(0, HASH_LENGTH);
  const target = (form === 'directory' ? bundledNode : packedNode)(directory, name);
  if (isWhole(target, []) && (await markUsed(target))) return target;
  const temporary = temporaryFile(target);
  try {
    const output = createWriteStream(temporary, { flags: 'wx', mode: 0o600 });
    if (form === 'directory') await pipeline(createReadStream(node), output);
    // A higher level takes four times as long, for a tenth less.
    else await pipeline(createReadStream(node), createGzip({ level: 1 }), output);
    await chmod(temporary, 0o500);
    await sync(temporary);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
  return target;
}

/** @throws {DeliveryError} for a node that is mostly in a library, as some distributions build it */
export function checkNode(node: string, variables: { readonly node_shared?: unknown }): void {
  if (variables.node_shared !== true && variables.node_shared !== 'true') return;
  throw new DeliveryError(
    'bundle',
    `cannot pack ${node}: most of it is in a library of its own, libnode. Remedy: run the program with a node from nodejs.org, or another \`node\`, such as 'path'`,
  );
}

/** What the names of bundles begin with a new one of: a change of how they are made. */
const VERSION = 'condor-futures bundle 1';
const FILES_AT_ONCE = 8;
/** Enough for any number of programs. */

/** What the content of files hashes to: paths, bytes, where links lead, what may be executed. */
export async function hashFiles(root: string, files: readonly BundledFile[]): Promise<string> {
  return overall(files, async ({ path }) => readFile(join(root, path)));
}

/** Copies files, for their owner alone and not to be changed; {@link hashFiles} of what was copied. */
export async function copyFiles(root: string, files: readonly BundledFile[], to: string): Promise<string> {
  const directories = new Set(files.map(({ path }) => dirname(join(to, path))));
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const { path, link } of files) if (link !== undefined) await symlink(link, join(to, path));
  return overall(files, async ({ path, executable }) => {
    const bytes = await readFile(join(root, path));
    await writeFile(join(to, path), bytes, { mode: executable ? 0o500 : 0o400, flag: 'wx' });
    return bytes;
  });
}

async function overall(
  files: readonly BundledFile[],
  read: (file: BundledFile) => Promise<Uint8Array>,
): Promise<string> {
  const queue = new PQueue({ concurrency: FILES_AT_ONCE });
  const lines = await queue.addAll(
    files.map((file) => async () => {
      const { path, link, executable } = file;
      const content = link ?? hashOf(await read(file));
      return JSON.stringify([path, link === undefined ? 'file' : 'link', executable, content]);
    }),
  );
  return hashOf([VERSION, ...lines].join('\n')).slice(0, HASH_LENGTH);
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A program that has found one that is there may not have made its job set yet. */
const UNUSED_MS = 24 * 60 * 60_000;

/**
 * Removes bundles that no job set needs, nor any program has taken within a day, and what programs have left behind that were ended as they
 * made one. What cannot be removed stays; never rejects.
 */
export async function removeUnused(directory: string): Promise<void> {
  try {
    const bundles = bundlesDirectory(directory);
    const old: string[] = [];
    for (const name of await readdir(bundles)) if (await isOld(join(bundles, name))) old.push(name);
    if (old.length === 0) return;
    const needed = await textsOf(directory);
    for (const name of old) {
      const hash = /[0-9a-f]{40}/.exec(name)?.[0];
      const isNeeded = hash === undefined || needed.some((text) => text.includes(hash));
      if (isTemporary(name) || !isNeeded) await remove(join(bundles, name));
    }
  } catch {
    // It is tried again with the next one.
  }
}

async function isOld(path: string): Promise<boolean> {
  return Date.now() - (await lstat(path)).mtimeMs > UNUSED_MS;
}

/** What job sets say of what their jobs need. */
async function textsOf(directory: string): Promise<string[]> {
  const texts: string[] = [];
  for (const id of (await readdir(directory)).filter((name) => isJobSetId(name))) {
    for (const file of [headerFile, scriptFile]) {
      texts.push(await readFile(file(join(directory, id)), 'utf8').catch(ignoreMissing));
    }
  }
  return texts;
}

/** Under another name first: a program that takes it just now sees that it is not there, or has taken it before. */
async function remove(path: string): Promise<void> {
  const away = temporaryFile(path);
  await rename(path, away);
  if (await isOld(away)) await rm(away, { recursive: true, force: true });
  else await rename(away, path);
}

function isTemporary(name: string): boolean {
  return name.includes('.tmp');
}

/** Only of a job set that is not there it is certain that it needs nothing. */
function ignoreMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
