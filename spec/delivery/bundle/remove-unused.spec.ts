import { mkdirSync, mkdtempSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { removeUnused } from '../../../lib/delivery/bundle/store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const parent = temporaryDirectory();
const hash = (digit: number): string => String(digit).repeat(40);

/** A directory with bundles that were last used so many hours ago. */
function directoryWith(bundles: Record<string, number>, jobSets: Record<string, string> = {}): string {
  const directory = mkdtempSync(join(parent, 'x-'));
  writeTree(directory, jobSets);
  mkdirSync(join(directory, 'bundles'));
  for (const [name, hours] of Object.entries(bundles)) {
    const path = join(directory, 'bundles', name);
    writeTree(path, { 'package.json': '{}' });
    const then = new Date(Date.now() - hours * 3_600_000);
    utimesSync(path, then, then);
  }
  return directory;
}

const left = (directory: string): string[] => readdirSync(join(directory, 'bundles')).toSorted();

describe('Bundles that are used no more', () => {
  it('are removed after a day', async () => {
    const directory = directoryWith({
      [hash(1)]: 25,
      [hash(2)]: 23,
      [`node-${hash(3)}`]: 48,
      [`${hash(4)}.tar.gz`]: 48,
    });
    await removeUnused(directory);
    expect(left(directory)).toEqual([hash(2)]);
  });

  it('stay as long as there is a job set that needs them, however old they are', async () => {
    const directory = directoryWith(
      { [hash(1)]: 9999, [`${hash(2)}.tar.gz`]: 9999, [hash(3)]: 9999 },
      {
        '20260101-000000-abcdefgh/run.sh': `export CONDOR_FUTURES_MOVED_TO='/x/bundles/${hash(1)}'`,
        '20260101-000000-abcdefgi/job-set.yaml': `files: [ /x/bundles/${hash(2)}.tar.gz ]`,
        'else/run.sh': hash(3),
      },
    );
    await removeUnused(directory);
    expect(left(directory)).toEqual([hash(1), `${hash(2)}.tar.gz`]);
  });

  it('go with what was left behind of others, and nothing else does', async () => {
    const needed = { '20260101-000000-abcdefgh/run.sh': hash(1) };
    const directory = directoryWith(
      { [`${hash(1)}.host-7.tmp`]: 25, [`${hash(1)}.host-8.tmp`]: 1, mine: 99 },
      needed,
    );
    await removeUnused(directory);
    expect(left(directory)).toEqual([`${hash(1)}.host-8.tmp`, 'mine']);
  });

  it('may not be there at all', async () => {
    await expect(removeUnused(join(parent, 'nonesuch'))).resolves.toBeUndefined();
  });
});
