import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { JobSetInUseError } from '../../lib/base/errors.ts';
import { Claim } from '../../lib/job-set/claim.ts';
import { ownerFile } from '../../lib/job-set/names.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { runProgram } from '../support/run-program.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

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

  it('passes on when its process has ended, though nobody has asked for its exit code yet', async () => {
    const directory = newDirectory();
    await Claim.take(directory);
    // It ends when its parent is no shell any more, which would ask.
    const child = 'while grep -q sh /proc/$$/comm; do :; done';
    const careless = spawn('sh', ['-c', `(${child}) & echo $!; exec sleep 60`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(careless.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
    await until(() => stat()[2] === 'Z');
    giveTo(directory, { pid, started: stat()[21] });
    expect(await (await Claim.take(directory)).isOurs()).toBe(true);
    careless.kill();
  });

  it('is taken where there are no hard links, and where the answer to the link was lost', async () => {
    const program = `
      import promises from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      const { link } = promises;
      const lost = async (...args) => {
        await link(...args);
        await link(...args);
      };
      const none = async () => {
        throw Object.assign(new Error('no links'), { code: 'EOPNOTSUPP' });
      };
      for (const replaced of [lost, none]) {
        promises.link = replaced;
        syncBuiltinESMExports();
        const directory = ${JSON.stringify(newDirectory())};
        const executor = new condorFutures.LocalExecutor({ directory });
        console.log(await executor.submit(() => 1));
        await executor.shutdown();
      }`;
    expect(await runProgram(program)).toMatchObject({ stdout: '1\n1\n', stderr: '' });
  });

  it('that cannot be read may be that of a process that lives', async () => {
    const directory = newDirectory();
    writeFileSync(ownerFile(directory), '{"host":');
    expect(await thrownBy(Claim.take(directory))).toBeInstanceOf(JobSetInUseError);
    expect(await (await Claim.take(directory, true)).isOurs()).toBe(true);
  });
});
