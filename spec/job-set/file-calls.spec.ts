import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { asyncFileCalls, syncFileCalls } from '../../lib/job-set/trusted-files.ts';
import { readEnd, readTrusted } from '../../lib/job-set/trusted-files.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const directory = temporaryDirectory();

describe.each([
  ['patient', asyncFileCalls],
  ['prompt', syncFileCalls],
])('With %s calls', (name, calls) => {
  const path = (file: string): string => join(directory, `${name}-${file}`);

  it('a file is read whole, or from its end', async () => {
    const file = path('one');
    writeFileSync(file, 'from first to last', { mode: 0o600 });
    expect((await readTrusted(calls, file))?.toString()).toBe('from first to last');
    const end = await readEnd(calls, file, 4);
    expect([end?.start, end?.bytes.toString()]).toEqual([14, 'last']);
    expect((await calls.lstat(file)).size).toBe(18);
  });

  it('a file that is not there is nothing to read, and an error to look at', async () => {
    const file = path('none');
    expect([await readTrusted(calls, file), await readEnd(calls, file, 4)]).toEqual([undefined, undefined]);
    expect(await thrownBy(calls.lstat(file))).toMatchObject({ code: 'ENOENT' });
  });

  it('a link, or what others could have written, is refused', async () => {
    writeFileSync(path('theirs'), 'evil');
    chmodSync(path('theirs'), 0o666);
    symlinkSync(path('theirs'), path('link'));
    for (const file of [path('theirs'), path('link')])
      expect(await thrownBy(readTrusted(calls, file))).toMatchObject({ name: 'OwnershipError', file });
  });

  it('the program has its turns while very many files are looked after', async () => {
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    for (let times = 0; times < 20_000; times += 1) await calls.lstat(directory);
    done = true;
    expect(turns).toBeGreaterThan(3);
  });
});
