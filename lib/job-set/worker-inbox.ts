import { linkSync, writeFileSync } from 'node:fs';
import { link, readFile, writeFile } from 'node:fs/promises';
import { ignoreMissing } from '../base/missing-files.ts';
import { NO_LINKS, writeWhole } from './whole-files.ts';

/** Content of the file of a withdrawn assignment. */
const BACK = 'back';
/** Options for writing a file that must not exist. */
const NEW = { flag: 'wx', mode: 0o600 };

/** A call given to a worker: the arguments that a runner of its own would get, and a number. */
export interface Assignment {
  /** Counted from 1, in the order in which the worker makes the calls. */
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
      /** The outcomes of all assignments before this number are known, so their files can be deleted. */
      readonly known: number;
    }
  /** No more calls will follow. */
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
 * Parses the whole lines at the beginning of the bytes. Skips lines torn by a crash; stops at zeros, which a
 * network file system shows for bytes that have not arrived yet.
 * @returns the lines, and the number of bytes they take
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

// An assignment belongs to the first process that makes its file: the worker makes it before it starts the
// call, and the submitting process makes it to withdraw the call and give it to another worker. So no call
// runs on both.

/** Sizes of a worker's logs before a call, in bytes. */
export interface Printed {
  readonly stdout: number;
  readonly stderr: number;
}

/** State of an assignment: without a file (`free`), withdrawn (`back`), or started by the worker. */
export type Taken = 'free' | 'back' | { readonly begun: Printed };

/**
 * Takes an assignment for the worker.
 * @param blank an empty file, because linking it is much faster than making a file on a disk that is being
 * synced
 * @returns false if the assignment was withdrawn
 */
export function takeSync(file: string, blank: string, { stdout, stderr }: Printed): boolean {
  try {
    // Most workers have printed nothing, and link the empty file.
    if (stdout + stderr > 0) writeFileSync(file, JSON.stringify([stdout, stderr]), NEW);
    else linkOrWriteSync(blank, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Withdraws an assignment.
 * @param back the file that {@link writeBack} has made
 * @returns false if the worker has started the call
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

/** Makes the file that is linked to the names of all withdrawn assignments. */
export async function writeBack(back: string): Promise<void> {
  await writeWhole(back, BACK);
}

function linkOrWriteSync(blank: string, file: string): void {
  try {
    linkSync(blank, file);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error;
    writeFileSync(file, '', NEW);
  }
}

export async function readTaken(file: string): Promise<Taken> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  if (text === undefined) return 'free';
  if (text === BACK) return 'back';
  const [stdout, stderr] = parsePair(text);
  return { begun: { stdout, stderr } };
}

function parsePair(text: string): [number, number] {
  try {
    return JSON.parse(text) as [number, number];
  } catch {
    // The worker had printed nothing before, or died while it wrote this.
    return [0, 0];
  }
}
