import { lstatSync, type Stats } from 'node:fs';
import { chmod, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../batch/run-command.ts';
import { DeliveryError } from '../../delivery-errors.ts';
import { bundleArchive, bundleDirectory, bundlesDirectory } from '../../job-set/bundle-names.ts';
import { makeDirectory, PRIVATE_DIRECTORY } from '../../job-set/directory.ts';
import { checkOwnership } from '../../job-set/ownership.ts';
import { temporaryFile } from '../../job-set/write-whole.ts';
import { copyFiles, hashFiles } from './copy-files.ts';
import type { BundledFile } from './list-files.ts';
import { removeUnused } from './remove-unused.ts';

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
