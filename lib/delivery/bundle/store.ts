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
import { hashOf } from '../../base/hash.ts';
import { ignoreMissing, isMissing } from '../../base/missing-files.ts';
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

/** Maximum number of attempts if files change while they are copied. */
const MAX_ATTEMPTS = 3;

/** A directory that jobs see, or an archive that is transferred to them. */
type BundleForm = 'directory' | 'archive';

/**
 * Stores files in `<directory>/bundles` under their content hash, unless they are stored already. A bundle
 * under its final name is complete.
 * @returns the path of the bundle
 * @throws {DeliveryError} if the files keep changing; {@link DirectoryError} {@link OwnershipError}
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
  for (let attempt = 1; ; attempt += 1) {
    const hash = await hashFiles(root, files);
    const target = place(directory, hash);
    if (isComplete(target, form === 'directory' ? files : []) && (await markUsed(target))) return target;
    if (await createBundle(root, files, form, target, hash)) {
      await removeUnused(directory);
      return target;
    }
    if (attempt === MAX_ATTEMPTS)
      throw new DeliveryError('bundle', `cannot pack ${root}: its files change while they are copied`);
  }
}

async function makeBundlesDirectory(directory: string): Promise<void> {
  const bundles = bundlesDirectory(directory);
  await mkdir(bundles, { recursive: true, mode: PRIVATE_DIRECTORY });
  checkOwnership(bundles, lstatSync(bundles));
}

/** Whether a bundle exists with all its files: a machine that crashed may have lost some. */
function isComplete(target: string, files: readonly BundledFile[]): boolean {
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
 * Updates the time of a bundle, so that {@link removeUnused} keeps it.
 * @returns false if it has just been removed
 */
async function markUsed(target: string): Promise<boolean> {
  const now = new Date();
  return utimes(target, now, now).then(
    () => true,
    (error: unknown) => !isMissing(error),
  );
}

/** Copies files, and renames the copy to the target. @returns false if the files have changed meanwhile */
async function createBundle(
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

/** Renames the copy to the target, unless another process was faster; replaces an incomplete bundle. */
async function putInPlace(stage: string, target: string, files: readonly BundledFile[]): Promise<void> {
  try {
    await rename(stage, target);
  } catch (error) {
    if (isComplete(target, files)) return;
    if (statOf(target) === undefined) throw error;
    const broken = `${stage}.broken`;
    await rename(target, broken);
    await rename(stage, target);
    await rm(broken, { recursive: true, force: true });
  }
}

async function sync(file: string): Promise<void> {
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
 * Stores a node binary in `<directory>/bundles` under its content hash; compressed if it is transferred to
 * the jobs.
 * @returns the path of the binary
 * @throws {DeliveryError} if the binary needs a library of its own
 */
export async function storeNode(directory: string, node: string, form: BundleForm): Promise<string> {
  checkNode(node, process.config.variables as { readonly node_shared?: unknown });
  makeDirectory(directory);
  await makeBundlesDirectory(directory);
  const hash = createHash('sha256');
  await pipeline(createReadStream(node), hash);
  const name = hash.digest('hex').slice(0, HASH_LENGTH);
  const target = (form === 'directory' ? bundledNode : packedNode)(directory, name);
  if (isComplete(target, []) && (await markUsed(target))) return target;
  const temporary = temporaryFile(target);
  try {
    const output = createWriteStream(temporary, { flags: 'wx', mode: 0o600 });
    if (form === 'directory') await pipeline(createReadStream(node), output);
    // A higher level takes four times as long and saves a tenth.
    else await pipeline(createReadStream(node), createGzip({ level: 1 }), output);
    await chmod(temporary, 0o500);
    await sync(temporary);
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
  return target;
}

/** Refuses a node that is mostly a shared library, as some distributions build it. @throws {DeliveryError} */
export function checkNode(node: string, variables: { readonly node_shared?: unknown }): void {
  if (variables.node_shared !== true && variables.node_shared !== 'true') return;
  throw new DeliveryError(
    'bundle',
    `cannot pack ${node}: most of it is in a library of its own, libnode. Remedy: run the program with a node from nodejs.org, or another \`node\`, such as 'path'`,
  );
}

/** Part of all hashes; changed when the format of bundles changes. */
const VERSION = 'condor-futures bundle 1';
const FILES_AT_ONCE = 8;

/** Hash of files: paths, content, targets of links, and permission to execute. */
export async function hashFiles(root: string, files: readonly BundledFile[]): Promise<string> {
  return combinedHash(files, async ({ path }) => readFile(join(root, path)));
}

/** Copies files, readable for their owner only. @returns the {@link hashFiles} of what was copied */
async function copyFiles(root: string, files: readonly BundledFile[], to: string): Promise<string> {
  const directories = new Set(files.map(({ path }) => dirname(join(to, path))));
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const { path, link } of files) if (link !== undefined) await symlink(link, join(to, path));
  return combinedHash(files, async ({ path, executable }) => {
    const bytes = await readFile(join(root, path));
    await writeFile(join(to, path), bytes, { mode: executable ? 0o500 : 0o400, flag: 'wx' });
    return bytes;
  });
}

async function combinedHash(
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

/**
 * Bundles used within this time are kept, because a program may have found one and not created its job set
 * yet.
 */
const UNUSED_MS = 24 * 60 * 60_000;

/**
 * Removes bundles that no job set needs and no program has used within a day, and temporary files of programs
 * that were ended while they created one. Never rejects.
 */
export async function removeUnused(directory: string): Promise<void> {
  try {
    const bundles = bundlesDirectory(directory);
    const old: string[] = [];
    for (const name of await readdir(bundles)) if (await isOld(join(bundles, name))) old.push(name);
    if (old.length === 0) return;
    const needed = await readReferences(directory);
    for (const name of old) {
      const hash = /[0-9a-f]{40}/.exec(name)?.[0];
      const isNeeded = hash === undefined || needed.some((text) => text.includes(hash));
      if (isTemporary(name) || !isNeeded) await remove(join(bundles, name));
    }
  } catch {
    // The next new bundle tries again.
  }
}

async function isOld(path: string): Promise<boolean> {
  return Date.now() - (await lstat(path)).mtimeMs > UNUSED_MS;
}

/** The texts of all job sets that name the bundles that they need. */
async function readReferences(directory: string): Promise<string[]> {
  const texts: string[] = [];
  for (const id of (await readdir(directory)).filter((name) => isJobSetId(name))) {
    for (const file of [headerFile, scriptFile]) {
      // Errors other than ENOENT are thrown, because the job set may need a bundle then.
      texts.push((await readFile(file(join(directory, id)), 'utf8').catch(ignoreMissing)) ?? '');
    }
  }
  return texts;
}

/**
 * Removes a bundle after renaming it: a program that calls markUsed() meanwhile finds it missing, or has
 * updated its time before, in which case the bundle is renamed back.
 */
async function remove(path: string): Promise<void> {
  const away = temporaryFile(path);
  await rename(path, away);
  if (await isOld(away)) await rm(away, { recursive: true, force: true });
  else await rename(away, path);
}

function isTemporary(name: string): boolean {
  return name.includes('.tmp');
}
