import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OwnershipError } from '../../lib/base/errors.ts';
import { progressFile } from '../../lib/job-set/names.ts';
import { decodeProgress, encodeProgress, readProgress } from '../../lib/job-set/call-outputs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const directory = temporaryDirectory();

function write(key: string, bytes: Uint8Array | string): string {
  const file = progressFile(directory, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes, { mode: 0o600 });
  return file;
}

describe('The progress of a call', () => {
  const progress = { fraction: 0.5, text: 'ü', at: new Date(7) };

  it('is read as it was told, for each attempt by itself', async () => {
    write('3', encodeProgress(progress));
    write('3-2', encodeProgress({ ...progress, text: undefined }));
    expect(await readProgress(directory, '3')).toEqual(progress);
    expect(await readProgress(directory, '3-2')).toEqual({ ...progress, text: undefined });
    expect(await readProgress(directory, '3-3')).toBeUndefined();
    expect(await readProgress(directory, '4')).toBeUndefined();
  });

  it.each(['', '{"fraction":0.5', '[]', 'null', '{"fraction":"0.5","at":7}', '{"fraction":0.5}'])(
    'is unknown where the file holds %p',
    (text) => {
      expect(decodeProgress(Buffer.from(text))).toBeUndefined();
    },
  );

  it('is unknown where the file is no report at all', async () => {
    write('5', ' '.repeat(100_000) + encodeProgress(progress).toString());
    expect(await readProgress(directory, '5')).toBeUndefined();
  });

  it('is not read where another user could have written it', async () => {
    const file = write('6', encodeProgress(progress));
    chmodSync(file, 0o602);
    expect(await thrownBy(readProgress(directory, '6'))).toBeInstanceOf(OwnershipError);
    symlinkSync(file, progressFile(directory, '6-2'));
    expect(await readProgress(directory, '6-2')).toBeUndefined();
  });
});
