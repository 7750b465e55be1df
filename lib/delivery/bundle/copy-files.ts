import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import PQueue from 'p-queue';
import type { BundledFile } from './list-files.ts';

/** What the names of bundles begin with a new one of: a change of how they are made. */
const VERSION = 'condor-futures bundle 1';
const FILES_AT_ONCE = 8;
/** Enough for any number of programs. */
const HASH_LENGTH = 40;

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
