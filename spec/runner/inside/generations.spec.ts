import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { OwnershipError } from '../../../lib/base/errors.ts';
import { generationBefore } from '../../../lib/job-set/names.ts';
import { Generations } from '../../../lib/runner/inside/generations.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const parent = temporaryDirectory();
let file: string;
let before: string;
let made = 0;
beforeEach(() => {
  made += 1;
  const directory = join(parent, String(made));
  mkdirSync(directory);
  file = join(directory, 'state');
  before = generationBefore(file);
});

/** What another process would find. */
async function found(): Promise<string | undefined> {
  return new Generations(file).read(async (bytes) => Buffer.from(bytes).toString());
}

async function write(generations: Generations, ...texts: string[]): Promise<void> {
  for (const text of texts) await generations.write(Buffer.from(text));
}

describe('A file with generations', () => {
  it('has nothing before it is written, and then what was written last', async () => {
    const generations = new Generations(file);
    expect(await found()).toBeUndefined();
    await write(generations, 'a');
    expect(await found()).toBe('a');
    await write(generations, 'b', 'c');
    expect(await found()).toBe('c');
    expect(readdirSync(join(file, '..')).toSorted()).toEqual(['state', 'state.before']);
  });

  it('has the one before while the next one is being written, and after a crash in between', async () => {
    await write(new Generations(file), 'a', 'b');
    // As between the two renames.
    renameSync(file, before);
    writeFileSync(`${file}.host-1-1-x.tmp`, 'half of', { mode: 0o600 });
    expect(await found()).toBe('b');
    await write(new Generations(file), 'c');
    expect(await found()).toBe('c');
    unlinkSync(file);
    expect(await found()).toBe('b');
  });

  it('has the one before where the last is torn, and does not give it up for what is torn', async () => {
    await write(new Generations(file), 'a', 'b');
    truncateSync(file, 50);
    expect(await found()).toBe('a');
    // A process that has not read it.
    await write(new Generations(file), 'c');
    expect(await found()).toBe('c');
    truncateSync(file, 50);
    expect(await found()).toBe('a');
    const reader = new Generations(file);
    await reader.read(async (bytes) => bytes);
    await write(reader, 'd');
    unlinkSync(file);
    expect(await found()).toBe('a');
  });

  it('has nothing where both are torn', async () => {
    await write(new Generations(file), 'a', 'b');
    truncateSync(file, 50);
    truncateSync(before, 0);
    expect(await found()).toBeUndefined();
  });

  it('is whole whichever of two processes that write it at once is faster', async () => {
    const [one, other] = [new Generations(file), new Generations(file)];
    await write(one, 'first');
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([write(one, `one ${round}`), write(other, `other ${round}`)]);
      expect(await found()).toMatch(new RegExp(`^(one|other) ${round}$`));
      copyFileSync(before, file);
      expect(await found()).toMatch(/^(first|one|other)/);
    }
  });

  it('tells which one was given up', async () => {
    const generations = new Generations(file);
    const dropped: string[] = [];
    for (const text of ['a', 'b', 'c', 'd'])
      await generations.write(Buffer.from(text), async (bytes) => {
        dropped.push(Buffer.from(bytes).toString());
      });
    expect(dropped).toEqual(['a', 'b']);
  });

  it('is refused if another user could have written it', async () => {
    await write(new Generations(file), 'a');
    chmodSync(file, 0o622);
    expect(await thrownBy(found())).toBeInstanceOf(OwnershipError);
    renameSync(file, `${file}.elsewhere`);
    symlinkSync(`${file}.elsewhere`, file);
    expect(await thrownBy(found())).toBeInstanceOf(OwnershipError);
  });
});
