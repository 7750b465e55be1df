import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { DeliveryError } from '../../delivery-errors.ts';
import { bundledNode, packedNode } from '../../job-set/bundle-names.ts';
import { makeDirectory } from '../../job-set/directory.ts';
import { temporaryFile } from '../../job-set/write-whole.ts';
import { isWhole, makeBundlesDirectory, markUsed, sync, type BundleForm } from './store.ts';

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
