import { DeliveryError } from '../../delivery-errors.ts';
import type { BundledFile } from './list-files.ts';

/** How many of the largest things are named. */
const NAMED = 5;
const MEBIBYTE = 1024 * 1024;

/**
 * Refuses what is too large to be meant, with what makes it so.
 * @param limit in bytes
 * @throws {DeliveryError}
 */
export function checkSize(files: readonly BundledFile[], limit: number): void {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total <= limit) return;
  const sizes = new Map<string, number>();
  for (const { path, size } of files) sizes.set(partOf(path), (sizes.get(partOf(path)) ?? 0) + size);
  const largest = [...sizes].toSorted(([, a], [, b]) => b - a).slice(0, NAMED);
  throw new DeliveryError(
    'bundle',
    `packs no more than ${show(limit)}, and this is ${show(total)}: ` +
      `${largest.map(([part, size]) => `${part} ${show(size)}`).join(', ')}. ` +
      "Remedy: `exclude` what the jobs don't need, or a larger `sizeLimit`, in bytes",
  );
}

/** A package, or what lies at the top. */
function partOf(path: string): string {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? (path.split('/')[0] as string);
}

function show(bytes: number): string {
  return bytes < MEBIBYTE ? `${bytes} bytes` : `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
