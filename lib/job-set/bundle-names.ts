import { join } from 'node:path';

/**
 * Where bundles lie: beside the job sets, for all that have the same content.
 *
 *     bundles/<hash>/          a program's files, for jobs that see them there
 *     bundles/<hash>.tar.gz    the same, to be brought to the jobs
 *     bundles/node-<hash>      a node binary, and as node-<hash>.gz
 */
export const bundlesDirectory = (directory: string): string => join(directory, 'bundles');
export const bundleDirectory = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), hash);
export const bundleArchive = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), `${hash}.tar.gz`);
export const bundledNode = (directory: string, hash: string): string =>
  join(bundlesDirectory(directory), `node-${hash}`);
export const packedNode = (directory: string, hash: string): string => `${bundledNode(directory, hash)}.gz`;
