import { readFileSync } from 'node:fs';
import { readFile, rename, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { nanoid } from 'nanoid';
import { JobSetInUseError } from '../base/errors.ts';
import { ignoreMissing, isMissing } from '../base/missing-files.ts';
import { ownerFile } from './names.ts';
import { linkNew, writeWhole } from './whole-files.ts';

/** The process that owns a job set. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  /**
   * Start time of the process, as the kernel reports it, because another process may get its pid; undefined
   * if it is not known.
   */
  readonly started: string | undefined;
  readonly id: string;
}

/**
 * The ownership of a job set by this process. Only its owner submits the calls of a job set and deletes its
 * files.
 */
export class Claim {
  readonly #file: string;
  readonly #owner: Owner;

  private constructor(file: string, owner: Owner) {
    this.#file = file;
    this.#owner = owner;
  }

  /**
   * Claims a job set for this process.
   * @param takeOver also claims it from a process of another machine, which may still be alive
   * @throws {JobSetInUseError}
   */
  static async take(directory: string, takeOver = false): Promise<Claim> {
    const file = ownerFile(directory);
    const { pid } = process;
    const claim = new Claim(file, { host: hostname(), pid, started: startTimeOf(pid), id: nanoid() });
    const previous = await readOwner(file);
    if (previous !== undefined) {
      if (!takeOver && mayLive(previous)) throw inUse(directory, previous);
      await removeClaim(directory, file, previous);
    }
    await claim.#write(directory);
    return claim;
  }

  /** Whether this process still owns the job set; true if that cannot be read. */
  async isOurs(): Promise<boolean> {
    const owner = await readOwner(this.#file).catch(() => this.#owner);
    return owner?.id === this.#owner.id;
  }

  /** Gives up the ownership, so that another process can claim the job set at once. */
  async release(): Promise<void> {
    if (await this.isOurs()) await unlink(this.#file).catch(() => {});
  }

  async #write(directory: string): Promise<void> {
    const temporary = `${this.#file}.${this.#owner.id}`;
    await writeWhole(temporary, JSON.stringify(this.#owner));
    try {
      // Not by rename, which would replace the claim of another process.
      await linkNew(temporary, this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const other = await readOwner(this.#file);
      // The reply of a file server may have been lost, and its client have retried.
      if (other?.id === this.#owner.id) return;
      throw other === undefined ? error : inUse(directory, other);
    } finally {
      await unlink(temporary);
    }
  }
}

/**
 * Whether a process owns a job set.
 * @param othersAreGone assumes that processes of other machines have ended; by default, that they are alive
 */
export async function isClaimed(directory: string, othersAreGone = false): Promise<boolean> {
  const owner = await readOwner(ownerFile(directory));
  if (owner === undefined) return false;
  return owner.host === hostname() || !othersAreGone ? mayLive(owner) : false;
}

/** Deletes the claim of an ended process, unless another process has claimed the job set meanwhile. */
async function removeClaim(directory: string, file: string, previous: Owner): Promise<void> {
  const away = `${file}.${nanoid()}`;
  await rename(file, away).catch(ignoreMissing);
  const moved = await readOwner(away);
  if (moved === undefined) return;
  if (moved.id !== previous.id) {
    await rename(away, file);
    throw inUse(directory, moved);
  }
  await unlink(away);
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (error instanceof SyntaxError) return UNREADABLE;
    throw error;
  }
}

/** Stands for the owner in a torn file. */
const UNREADABLE: Owner = { host: 'an unknown machine', pid: 0, started: undefined, id: '' };

/** Whether the owner may be alive; true for a process of another machine. */
function mayLive({ host, pid, started }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startTimeOf(pid) === started;
}

function inUse(directory: string, { host, pid }: Owner): JobSetInUseError {
  const remedy =
    host === hostname()
      ? 'Remedy: let it detach(), or wait for its end'
      : 'Remedy: if that process is gone, attach with the option takeOver: true';
  const message = `The job set ${directory} is looked after by process ${pid} on ${host}. ${remedy}`;
  return new JobSetInUseError(message, directory, host, pid);
}

/**
 * Start time of a process, as the kernel reports it: distinguishes the process from a later one with the same
 * pid. Undefined where there is no /proc, and for a process that has ended, even if its parent has not yet
 * read the exit code.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    // Field 22, see proc(5). The program's name before it may contain spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
