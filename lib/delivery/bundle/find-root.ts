import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeliveryError } from '../../delivery-errors.ts';

/** What counts of a package.json. */
export interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * The directory of the program: of its nearest package.json, but for those that only say how files are to be read.
 * @param main the URL of the program's file; empty if there is none
 * @param cwd where to look instead, as for what a tool in node_modules runs
 * @throws {DeliveryError} if there is no package.json
 */
export function findRoot(main: string, cwd: string): string {
  const start = startOf(main, cwd);
  let nearest: string | undefined;
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = readManifest(directory);
    if (manifest?.name !== undefined || manifest?.dependencies !== undefined) return directory;
    if (manifest !== undefined) nearest ??= directory;
    if (dirname(directory) === directory) break;
  }
  if (nearest !== undefined) return nearest;
  throw new DeliveryError(
    'bundle',
    `does not know what to pack: there is no package.json in ${start} or above. Remedy: \`root: import.meta.dirname\`, or a package.json`,
  );
}

/** Undefined if there is none, or it cannot be read as one. */
export function readManifest(directory: string): Manifest | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function startOf(main: string, cwd: string): string {
  if (!main.startsWith('file:')) return realpathSync(cwd);
  try {
    const file = realpathSync(fileURLToPath(main));
    return file.includes(`${sep}node_modules${sep}`) ? realpathSync(cwd) : dirname(file);
  } catch {
    return realpathSync(cwd);
  }
}
