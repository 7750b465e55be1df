import { readFileSync } from 'node:fs';
import { readFile, rename, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { nanoid } from 'nanoid';
import { JobSetInUseError } from '../base/errors.ts';
import { ownerFile } from './names.ts';
import { linkNew, writeWhole } from './whole-files.ts';

/** The process that looks after a job set. */
interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When the process was started, in the kernel's words: another process may get its pid. Undefined where that is not told. */
  readonly started: string | undefined;
  readonly id: string;
}

/** A job set has one process at a time that submits its calls and removes its files. */
export class Claim {
  readonly #file: string;
  readonly #owner: Owner;

  private constructor(file: string, owner: Owner) {
    this.#file = file;
    this.#owner = owner;
  }

  /**
   * Claims a job set for this process.
   * @param takeOver also from a process of another machine, of which cannot be told whether it lives
   * @throws {JobSetInUseError}
   */
  static async take(directory: string, takeOver = false): Promise<Claim> {
    const file = ownerFile(directory);
    const { pid } = process;
    const claim = new Claim(file, { host: hostname(), pid, started: startTimeOf(pid), id: nanoid() });
    const last = await readOwner(file);
    if (last !== undefined) {
      if (!takeOver && mayLive(last)) throw inUse(directory, last);
      await moveAway(directory, file, last);
    }
    await claim.#write(directory);
    return claim;
  }

  /** Whether it is still this process that looks after the job set; where that cannot be read, it is. */
  async isOurs(): Promise<boolean> {
    const owner = await readOwner(this.#file).catch(() => this.#owner);
    return owner?.id === this.#owner.id;
  }

  /** Another process may claim the job set at once. */
  async release(): Promise<void> {
    if (await this.isOurs()) await unlink(this.#file).catch(() => {});
  }

  async #write(directory: string): Promise<void> {
    const temporary = `${this.#file}.${this.#owner.id}`;
    await writeWhole(temporary, JSON.stringify(this.#owner));
    try {
      // A rename would replace the claim of another process that was quicker.
      await linkNew(temporary, this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const other = await readOwner(this.#file);
      // The answer of a file server may have been lost, and its client have asked again.
      if (other?.id === this.#owner.id) return;
      throw other === undefined ? error : inUse(directory, other);
    } finally {
      await unlink(temporary);
    }
  }
}

/**
 * Whether some process looks after a job set.
 * @param othersAreGone processes of other machines, of which it is not known: they are taken to live otherwise
 */
export async function isClaimed(directory: string, othersAreGone = false): Promise<boolean> {
  const owner = await readOwner(ownerFile(directory));
  if (owner === undefined) return false;
  return owner.host === hostname() || !othersAreGone ? mayLive(owner) : false;
}

/** Removes the claim of a process that is gone, unless another one has done so and claims the job set now. */
async function moveAway(directory: string, file: string, last: Owner): Promise<void> {
  const away = `${file}.${nanoid()}`;
  await rename(file, away).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const moved = await readOwner(away);
  if (moved === undefined) return;
  if (moved.id !== last.id) {
    await rename(away, file);
    throw inUse(directory, moved);
  }
  await unlink(away);
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return UNREADABLE;
    throw error;
  }
}

/** The owner in a file that is torn. */
const UNREADABLE: Owner = { host: 'an unknown machine', pid: 0, started: undefined, id: '' };

/** Of a process on another machine nothing is known. */
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
 * When a process was started, in the kernel's words: what tells it from a later one with its pid. Undefined where that is not told, and for a process that
 * has ended, though nobody has asked for its exit code yet.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    // Field 22, see proc(5); the name of the program before it may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
