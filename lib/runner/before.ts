import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { stderrFile, stdoutFile } from '../job-set/names.ts';
import type { Printed } from '../job-set/taking.ts';
import { writeWholeSync } from '../job-set/write-whole.ts';

/** How far the process of a worker had come before a call: what came since then is the call's. */
export interface Before extends Printed {
  /** The worker's own key, under which its process writes. */
  readonly worker: string;
  /** In microseconds. */
  readonly userCpu: number;
  readonly systemCpu: number;
}

export function lookBefore(worker: string): Before {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return { worker, userCpu: userCPUTime, systemCpu: systemCPUTime, stdout: sizeOf(1), stderr: sizeOf(2) };
}

/** Gives a call the output of its own that a job of its own would have; nothing is written where it has printed nothing. */
export function copyPrinted({ directory, key }: { directory: string; key: string }, before: Before): void {
  copyRange(1, before.stdout, stdoutFile(directory, before.worker), stdoutFile(directory, key));
  copyRange(2, before.stderr, stderrFile(directory, before.worker), stderrFile(directory, key));
}

function copyRange(descriptor: number, start: number, from: string, to: string): void {
  const end = sizeOf(descriptor);
  if (end <= start) return;
  try {
    writeWholeSync(to, readRange(from, start, end));
  } catch {
    // What came of the call counts for more; a disk that is full says so when that is written.
  }
}

function readRange(file: string, start: number, end: number): Buffer {
  const source = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(end - start);
    const length = readSync(source, bytes, 0, bytes.length, start);
    return bytes.subarray(0, length);
  } finally {
    closeSync(source);
  }
}

/** 0 for what is no file. */
function sizeOf(descriptor: number): number {
  try {
    return fstatSync(descriptor).size;
  } catch {
    return 0;
  }
}
