import { linkSync, writeFileSync } from 'node:fs';
import { link, readFile, writeFile } from 'node:fs/promises';
import { NO_LINKS } from './link-new.ts';
import { writeWhole } from './write-whole.ts';

/**
 * Who has an assignment of a worker for good: the first to make its file. The worker makes it before it begins the call, and who submitted
 * the call makes it to give the call to another worker; so no call is made by both.
 */

/** In the file of an assignment that was taken back. */
const BACK = 'back';

/** How much a worker had printed before a call, in bytes. */
export interface Printed {
  readonly stdout: number;
  readonly stderr: number;
}

/** What an assignment's file says. `free`: there is none. */
export type Taken = 'free' | 'back' | { readonly begun: Printed };

/**
 * The worker takes an assignment; false if it was taken back.
 * @param blank an empty file: to give it one more name is much faster than to make another one, while the disk is being synced
 */
export function takeSync(file: string, blank: string, { stdout, stderr }: Printed): boolean {
  try {
    // Most calls print nothing.
    if (stdout + stderr > 0) writeFileSync(file, JSON.stringify([stdout, stderr]), NEW);
    else linkOrWriteSync(blank, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes an assignment back; false if the worker has begun it.
 * @param back the file that {@link writeBack} has made
 */
export async function takeBack(file: string, back: string): Promise<boolean> {
  try {
    await link(back, file).catch(async (error: NodeJS.ErrnoException) => {
      if (!NO_LINKS.has(error.code)) throw error;
      await writeFile(file, BACK, NEW);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readTaken(file)) === 'back';
  }
}

/** Makes the file that stands for all assignments that are taken back. */
export async function writeBack(back: string): Promise<void> {
  await writeWhole(back, BACK);
}

const NEW = { flag: 'wx', mode: 0o600 };

function linkOrWriteSync(blank: string, file: string): void {
  try {
    linkSync(blank, file);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error;
    writeFileSync(file, '', NEW);
  }
}

export async function readTaken(file: string): Promise<Taken> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return 'free';
  if (text === BACK) return 'back';
  const [stdout, stderr] = parsePair(text);
  return { begun: { stdout, stderr } };
}

function parsePair(text: string): [number, number] {
  try {
    return JSON.parse(text) as [number, number];
  } catch {
    // Nothing was printed before; or the worker died while it wrote this.
    return [0, 0];
  }
}
