import { hostname } from 'node:os';
import { DirectoryError } from '../../base/errors.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { Filesystem } from '../cluster-options.ts';

/** The entries of a job set's header that say where its jobs are. */
export interface JobSetHeader {
  readonly system?: string;
  /** Host of the process that created the job set. */
  readonly host?: string;
  /** Undefined in headers of earlier versions, which means 'shared'. */
  readonly filesystem?: Filesystem;
  readonly queue?: { readonly pool?: string; readonly schedd?: string };
}

/**
 * Checks that the jobs of a job set are in the queue of this batch system, because they would count as lost
 * otherwise.
 * @throws {DirectoryError} with the remedy
 */
export async function checkHeader(jobSet: JobSet, system: BatchSystem): Promise<void> {
  const header = (await jobSet.readHeader()) as JobSetHeader;
  const trouble = troubleWith(header, system, hostname()) ?? troubleWithFilesystem(header, jobSet.transfers);
  if (trouble !== undefined)
    throw new DirectoryError(`The jobs of ${jobSet.directory} ${trouble}`, jobSet.directory);
}

function troubleWithFilesystem(
  { filesystem = 'shared' }: JobSetHeader,
  transfers: boolean,
): string | undefined {
  if ((filesystem === 'transfer') === transfers) return undefined;
  return `have been submitted with another \`filesystem\`. Remedy: attach with \`filesystem: '${filesystem}'\``;
}

/**
 * Explains why this batch system cannot find the jobs, as the end of a sentence that begins with "The jobs";
 * undefined if it can.
 * @param attach the verb for the intended action
 */
export function troubleWith(
  header: JobSetHeader,
  { name, queue }: Pick<BatchSystem, 'name' | 'queue'>,
  host: string,
  attach = 'attach',
): string | undefined {
  if (header.system !== name) {
    return `are those of ${header.system}, not of ${name}. Remedy: ${attach} with the executor that submitted them`;
  }
  if (queue === undefined)
    return header.host === host
      ? undefined
      : `are on ${header.host}, not on ${host}. Remedy: ${attach} there`;
  const { pool, schedd } = header.queue ?? {};
  if (pool !== queue.pool || (schedd !== undefined && schedd !== queue.schedd)) {
    const options = JSON.stringify({ pool, schedd });
    return `are in another queue. Remedy: ${attach} with the options of the executor that submitted them, ${options}`;
  }
  if (schedd === undefined && queue.schedd === undefined && header.host !== host) {
    return `are in the queue of ${header.host}, not of ${host}. Remedy: ${attach} there, or name its schedd with the option \`schedd\``;
  }
  return undefined;
}
