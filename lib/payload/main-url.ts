import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The file that this program was started with, which its jobs must never run again; empty if it came from elsewhere. */
export function mainUrl(): string {
  const [, file] = process.argv;
  // A job's own jobs must not run the program that all began with either.
  return process.env[JOB_VARIABLE] ?? (file === undefined ? '' : pathToFileURL(resolve(file)).href);
}

/** Set in the environment of a job. Its value is the URL of the file that submitted it, or `''` if there was none. */
export const JOB_VARIABLE = 'CONDOR_FUTURES_JOB';
