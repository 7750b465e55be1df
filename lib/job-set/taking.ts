import { closeSync, openSync, writeSync } from 'node:fs';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { temporaryName } from './names.ts';

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

/** The worker takes an assignment; false if it was taken back. */
export function takeSync(file: string, { stdout, stderr }: Printed): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    // Most calls print nothing, and an empty file is written faster.
    if (stdout + stderr > 0) writeSync(descriptor, JSON.stringify([stdout, stderr]));
  } finally {
    closeSync(descriptor);
  }
  return true;
}

let taken = 0;

/** Takes an assignment back; false if the worker has begun it. */
export async function takeBack(file: string): Promise<boolean> {
  taken += 1;
  // With what it says from the first moment on: it may be read by a process that knows nothing else.
  const temporary = temporaryName(file, `${process.pid}-${taken}`);
  await writeFile(temporary, BACK, { mode: 0o600 });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readTaken(file)) === 'back';
  } finally {
    await unlink(temporary).catch(() => {});
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
