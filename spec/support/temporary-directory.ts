import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A new directory of the spec's own, removed after its last test. */
export function temporaryDirectory(parent: string = tmpdir()): string {
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, 'condor-futures-spec-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return directory;
}

/** As {@link temporaryDirectory}, where the jobs of a pool do not see it: on most, each has a /tmp of its own. */
export function unsharedTemporaryDirectory(): string {
  return temporaryDirectory(process.env['CONDOR_FUTURES_UNSHARED']);
}

/** As {@link temporaryDirectory}, where the jobs of a pool see it too. */
export function sharedTemporaryDirectory(): string {
  return temporaryDirectory(process.env['CONDOR_FUTURES_SHARED'] ?? homedir());
}
