import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JOB_VARIABLE } from '../payload/job-variable.ts';

/** The file that this program was started with, which its jobs must never run again; empty if it came from elsewhere. */
export function mainUrl(): string {
  const [, file] = process.argv;
  // A job's own jobs must not run the program that all began with either.
  return process.env[JOB_VARIABLE] ?? (file === undefined ? '' : pathToFileURL(resolve(file)).href);
}
