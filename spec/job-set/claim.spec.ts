import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { JobSetInUseError } from '../../lib/errors.ts';
import { Claim } from '../../lib/job-set/claim.ts';
import { ownerFile } from '../../lib/job-set/names.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const parent = temporaryDirectory();
const newDirectory = (): string => mkdtempSync(join(parent, 'set-'));

/** Writes down another owner than this process. */
function giveTo(directory: string, owner: object): void {
  const own = JSON.parse(readFileSync(ownerFile(directory), 'utf8')) as object;
  writeFileSync(ownerFile(directory), JSON.stringify({ ...own, id: 'other', ...owner }));
}

describe('The claim on a job set', () => {
  it('is refused to others while its process lives', async () => {
    const directory = newDirectory();
    const claim = await Claim.take(directory);
    const error = await thrownBy(Claim.take(directory));
    expect(error).toBeInstanceOf(JobSetInUseError);
    expect(error).toMatchObject({ directory, pid: process.pid });
    expect(await claim.isOurs()).toBe(true);
  });

  it('is free again once it was released', async () => {
    const directory = newDirectory();
    await (await Claim.take(directory)).release();
    expect(readdirSync(directory)).toEqual([]);
    expect(await (await Claim.take(directory)).isOurs()).toBe(true);
  });

  it('passes on when its process is gone', async () => {
    const directory = newDirectory();
    const { pid } = spawnSync('true');
    const first = await Claim.take(directory);
    giveTo(directory, { pid, started: '1' });
    const second = await Claim.take(directory);
    expect([await first.isOurs(), await second.isOurs()]).toEqual([false, true]);
    expect(readdirSync(directory)).toEqual(['owner.json']);
  });

  it('passes on when another process has got the pid since', async () => {
    const directory = newDirectory();
    await Claim.take(directory);
    giveTo(directory, { started: 'long ago' });
    expect(await (await Claim.take(directory)).isOurs()).toBe(true);
  });

  it('of a process on another machine is taken over only if that is said', async () => {
    const directory = newDirectory();
    await Claim.take(directory);
    giveTo(directory, { host: 'elsewhere', pid: 1 });
    const error = (await thrownBy(Claim.take(directory))) as JobSetInUseError;
    expect(error).toMatchObject({ host: 'elsewhere', message: expect.stringContaining('takeOver: true') });
    expect(await (await Claim.take(directory, true)).isOurs()).toBe(true);
  });

  it('goes to one of many who want it at once', async () => {
    const directory = newDirectory();
    await Claim.take(directory);
    giveTo(directory, { pid: spawnSync('true').pid, started: '1' });
    const claims = await Promise.allSettled(Array.from({ length: 20 }, async () => Claim.take(directory)));
    const won = claims.filter((claim) => claim.status === 'fulfilled');
    const refused = claims.filter((claim) => claim.status === 'rejected');
    expect(won.length).toBe(1);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(JobSetInUseError);
    expect(await won[0]?.value.isOurs()).toBe(true);
    expect(readdirSync(directory)).toEqual(['owner.json']);
  });
});
