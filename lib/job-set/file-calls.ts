import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** What reading outcomes needs of the filesystem, many times over. */
export interface FileCalls {
  lstat(path: string): Promise<fs.Stats>;
  /** @returns a descriptor */
  open(path: string, flags: number): Promise<number>;
  fstat(descriptor: number): Promise<fs.Stats>;
  /** @returns how many bytes were read */
  read(descriptor: number, bytes: Buffer, offset: number, length: number, position: number): Promise<number>;
  close(descriptor: number): Promise<void>;
}

const lstat = promisify(fs.lstat) as FileCalls['lstat'];
const open = promisify(fs.open) as FileCalls['open'];
const fstat = promisify(fs.fstat) as FileCalls['fstat'];
const read = promisify(fs.read) as (...args: Parameters<FileCalls['read']>) => Promise<{ bytesRead: number }>;

/** For filesystems that may keep one waiting, for ever if a server is away: other threads wait. */
export const patientCalls: FileCalls = {
  lstat,
  open,
  fstat,
  read: async (...args) => (await read(...args)).bytesRead,
  close: promisify(fs.close),
};

/**
 * For filesystems of this machine, where the way to another thread and back costs some times as much as the call itself. The program has
 * its turn every few milliseconds.
 */
export const promptCalls: FileCalls = {
  lstat: async (path) => {
    await ownTurn();
    return fs.lstatSync(path);
  },
  open: async (path, flags) => {
    await ownTurn();
    return fs.openSync(path, flags);
  },
  fstat: async (descriptor) => fs.fstatSync(descriptor),
  read: async (...args) => fs.readSync(...args),
  close: async (descriptor) => fs.closeSync(descriptor),
};

/** How long files are read before the program has its turn. */
const SLICE_MS = 5;

let sliceEnd: number | undefined;
let nextTurn: Promise<void> | undefined;

/** Waits for the next turn of the event loop, if this one has been long. */
async function ownTurn(): Promise<void> {
  sliceEnd ??= performance.now() + SLICE_MS;
  nextTurn ??= new Promise((resolve) =>
    setImmediate(() => {
      sliceEnd = undefined;
      nextTurn = undefined;
      resolve();
    }),
  );
  if (performance.now() > sliceEnd) await nextTurn;
}
