import { linkSync, writeFileSync } from 'node:fs';
import { link, readFile, writeFile } from 'node:fs/promises';
import { NO_LINKS, writeWhole } from './whole-files.ts';

/** A call that a worker is to make: what a runner of its own would have been told, and a number of the worker's own. */
export interface Assignment {
  /** Counted from 1, in the order in which the worker makes them. */
  readonly number: number;
  readonly key: string;
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
}

/** A line of a worker's inbox. */
export type InboxLine =
  | {
      readonly kind: 'calls';
      readonly assignments: readonly Assignment[];
      /** What came of those before this number is known: nobody asks any more who has taken them. */
      readonly known: number;
    }
  /** There is nothing more to come. */
  | { readonly kind: 'close' };

type Written = { readonly close: true } | { readonly known: number; readonly calls: readonly unknown[][] };

export function encodeInboxLine(line: InboxLine): string {
  const written: Written =
    line.kind === 'close'
      ? { close: true }
      : {
          known: line.known,
          calls: line.assignments.map(({ number, key, batch, offset, length, hash }) => [
            number,
            key,
            batch,
            offset,
            length,
            hash,
          ]),
        };
  return `${JSON.stringify(written)}\n`;
}

/**
 * The whole lines at the beginning of some bytes, and how many of the bytes they take. A line that was torn by a crash is left out; what a
 * network filesystem shows as zeros is not there yet.
 */
export function parseInbox(bytes: Buffer): {
  readonly lines: readonly InboxLine[];
  readonly consumed: number;
} {
  const zeros = bytes.indexOf(0);
  const there = zeros === -1 ? bytes : bytes.subarray(0, zeros);
  const consumed = there.lastIndexOf('\n') + 1;
  const texts = there.toString('utf8', 0, consumed).split('\n');
  return { lines: texts.map((text) => parseLine(text)).filter((line) => line !== undefined), consumed };
}

function parseLine(text: string): InboxLine | undefined {
  let written: Written;
  try {
    written = JSON.parse(text) as Written;
  } catch {
    return undefined;
  }
  if ('close' in written) return { kind: 'close' };
  const assignments = written.calls.map(
    ([number, key, batch, offset, length, hash]) =>
      ({ number, key, batch, offset, length, hash }) as Assignment,
  );
  return { kind: 'calls', assignments, known: written.known };
}

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
