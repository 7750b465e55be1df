import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DirectoryError, OwnershipError, PayloadError } from '../../../lib/base/errors.ts';
import { InvalidTagError, TagNotFoundError, TagTakenError } from '../../../lib/base/map-errors.ts';
import {
  claimTag,
  listTags,
  makePersistent,
  readTag,
  releaseTag,
  renameTag,
  type TagRecord,
} from '../../../lib/map/tags/tags.ts';
import { runProgram, startProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { builtModule } from '../../support/built-file.ts';

const parent = temporaryDirectory();
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(parent, 'jobs-'));
});

const recordOf = (id: string, transient = false): TagRecord => ({
  id,
  transient,
  made: '2026-01-01T00:00:00.000Z',
});
const files = (): string[] => readdirSync(join(directory, 'tags')).toSorted();
const MODULE = JSON.stringify(builtModule('map/tags/tags'));

describe('A tag on the disk', () => {
  it('is not renamed if it is anothers by now', async () => {
    await claimTag(directory, 'scan', recordOf('b'));
    expect(await thrownBy(renameTag(directory, 'scan', 'sweep', 'a'))).toBeInstanceOf(TagNotFoundError);
    expect(await listTags(directory)).toEqual(['scan']);
    await renameTag(directory, 'scan', 'sweep', 'b');
    expect(await listTags(directory)).toEqual(['sweep']);
  });

  it('says which job set it stands for', async () => {
    await claimTag(directory, 'scan', recordOf('a', true));
    expect(await readTag(directory, 'scan')).toEqual(recordOf('a', true));
    expect(files()).toEqual(['scan']);
  });

  it('is for its owner alone', async () => {
    await claimTag(directory, 'scan', recordOf('a'));
    expect(statSync(join(directory, 'tags')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'tags', 'scan')).mode & 0o777).toBe(0o600);
  });

  it('is given once', async () => {
    await claimTag(directory, 'scan', recordOf('a'));
    const error = await thrownBy(claimTag(directory, 'scan', recordOf('b')));
    expect(error).toBeInstanceOf(TagTakenError);
    expect(error).toMatchObject({
      tag: 'scan',
      message: `The tag \`scan\` is taken by another map of ${directory}. Load that map, remove it, or choose another tag`,
    });
    expect(await readTag(directory, 'scan')).toEqual(recordOf('a'));
    expect(files()).toEqual(['scan']);
  });

  it('goes to one of many in this process who want it at once', async () => {
    const claims = await Promise.allSettled(
      Array.from({ length: 30 }, async (_, i) => claimTag(directory, 'scan', recordOf(String(i)))),
    );
    const winner = claims.findIndex(({ status }) => status === 'fulfilled');
    expect(claims.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    expect(await readTag(directory, 'scan')).toEqual(recordOf(String(winner)));
    expect(files()).toEqual(['scan']);
  });

  it('goes to one of several processes, of 50 tags each', async () => {
    const program = `
      const { claimTag } = await import(${MODULE});
      const won = [];
      console.log('ready');
      await import('node:fs').then(async ({ existsSync }) => {
        while (!existsSync(${JSON.stringify(join(directory, 'go'))})) await new Promise(setImmediate);
      });
      for (let i = 0; i < 50; i++) {
        const record = { id: process.env.NAME, transient: false, made: '' };
        await claimTag(${JSON.stringify(directory)}, 'scan-' + i, record).then(
          () => won.push(i),
          (error) => { if (error.name !== 'TagTakenError') throw error; },
        );
      }
      console.log(JSON.stringify(won));`;
    const programs = ['a', 'b', 'c'].map((NAME) => startProgram(program, { NAME }));
    await Promise.all(programs.map(async ({ printed }) => printed('ready')));
    writeFileSync(join(directory, 'go'), '');
    const won = (await Promise.all(programs.map(async ({ ended }) => ended))).map(
      ({ stdout }) => JSON.parse(stdout.split('\n')[1] as string) as number[],
    );
    expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    for (const [index, id] of ['a', 'b', 'c'].entries())
      for (const i of won[index] as number[])
        expect(await readTag(directory, `scan-${i}`)).toMatchObject({ id });
    expect(files().length).toBe(50);
  });

  it('is claimed where there are no hard links, and where the answer to the link was lost', async () => {
    const program = `
      import promises from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      const { claimTag, readTag, renameTag } = await import(${MODULE});
      const { link } = promises;
      const lost = async (...args) => {
        await link(...args);
        await link(...args);
      };
      const none = async () => {
        throw Object.assign(new Error('no links'), { code: 'EPERM' });
      };
      const directory = ${JSON.stringify(directory)};
      for (const [name, replaced] of Object.entries({ lost, none })) {
        promises.link = replaced;
        syncBuiltinESMExports();
        await claimTag(directory, name, { id: name, transient: true, made: '' });
        console.log((await readTag(directory, name)).id);
        console.log(await claimTag(directory, name, { id: 'x', transient: true, made: '' }).catch(({ name }) => name));
        await renameTag(directory, name, name + '-new');
      }`;
    const { stdout, stderr } = await runProgram(program);
    expect([stdout, stderr]).toEqual(['lost\nTagTakenError\nnone\nTagTakenError\n', '']);
    expect(files()).toEqual(['lost-new', 'none-new']);
  });

  it('is checked wherever it is named', async () => {
    for (const named of [
      claimTag(directory, '../x', recordOf('a')),
      readTag(directory, '../x'),
      releaseTag(directory, '../x'),
      makePersistent(directory, '../x'),
      renameTag(directory, '../x', 'y'),
    ])
      expect(await thrownBy(named)).toBeInstanceOf(InvalidTagError);
    await claimTag(directory, 'y', recordOf('a'));
    expect(await thrownBy(renameTag(directory, 'y', '../x'))).toBeInstanceOf(InvalidTagError);
  });

  it('that does not exist is an error with those that were perhaps meant', async () => {
    for (const tag of ['scan-of-march', 'scan-of-may', 'other'])
      await claimTag(directory, tag, recordOf(tag));
    const error = await thrownBy(readTag(directory, 'Scan-of-marhc'));
    expect(error).toBeInstanceOf(TagNotFoundError);
    expect(error).toMatchObject({
      tag: 'Scan-of-marhc',
      nearest: ['scan-of-march', 'scan-of-may'],
      message: `There is no map \`Scan-of-marhc\` in ${directory}. Did you mean \`scan-of-march\` or \`scan-of-may\`?`,
    });
    expect(await thrownBy(readTag(directory, 'nothing-like-it'))).toMatchObject({
      nearest: [],
      message: `There is no map \`nothing-like-it\` in ${directory}`,
    });
  });

  it('is not there before there were any', async () => {
    expect(await thrownBy(readTag(directory, 'scan'))).toBeInstanceOf(TagNotFoundError);
    expect(await listTags(directory)).toEqual([]);
    expect(await releaseTag(directory, 'scan')).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is listed, in order, if it fits the pattern', async () => {
    for (const tag of ['b', 'a', 'scan-2', 'scan-10', 'Scan']) await claimTag(directory, tag, recordOf(tag));
    writeFileSync(join(directory, 'tags', '.being-written'), '');
    expect(await listTags(directory)).toEqual(['Scan', 'a', 'b', 'scan-10', 'scan-2']);
    expect(await listTags(directory, 'scan-?')).toEqual(['scan-2']);
    expect(await listTags(directory, '[!a-z]*')).toEqual(['Scan']);
  });

  it('is free again once it was released', async () => {
    await claimTag(directory, 'scan', recordOf('a'));
    expect(await releaseTag(directory, 'scan')).toBe(true);
    expect(await releaseTag(directory, 'scan')).toBe(false);
    await claimTag(directory, 'scan', recordOf('b'));
    expect(await readTag(directory, 'scan')).toEqual(recordOf('b'));
  });

  it('is not released for a job set that does not have it any more', async () => {
    await claimTag(directory, 'scan', recordOf('b'));
    expect(await releaseTag(directory, 'scan', 'a')).toBe(false);
    expect(await releaseTag(directory, 'scan', 'b')).toBe(true);
  });
});

describe('A tag that is renamed', () => {
  it('keeps its job set, and is persistent', async () => {
    await claimTag(directory, 'calm-red-fox', recordOf('a', true));
    expect(await renameTag(directory, 'calm-red-fox', 'scan')).toEqual(recordOf('a'));
    expect(await readTag(directory, 'scan')).toEqual(recordOf('a'));
    expect(files()).toEqual(['scan']);
  });

  it('never replaces another one', async () => {
    await claimTag(directory, 'one', recordOf('a'));
    await claimTag(directory, 'two', recordOf('b'));
    expect(await thrownBy(renameTag(directory, 'one', 'two'))).toBeInstanceOf(TagTakenError);
    expect((await readTag(directory, 'one')).id).toBe('a');
    expect((await readTag(directory, 'two')).id).toBe('b');
  });

  it('must be there', async () => {
    expect(await thrownBy(renameTag(directory, 'one', 'two'))).toBeInstanceOf(TagNotFoundError);
    expect(existsSync(join(directory, 'tags'))).toBe(false);
  });

  it('to itself stays, and is persistent', async () => {
    await claimTag(directory, 'scan', recordOf('a', true));
    await renameTag(directory, 'scan', 'scan');
    expect(await readTag(directory, 'scan')).toEqual(recordOf('a'));
  });

  it('after a crash midway is renamed by the next try', async () => {
    await claimTag(directory, 'one', recordOf('a', true));
    await claimTag(directory, 'two', recordOf('a'));
    await renameTag(directory, 'one', 'two');
    expect(files()).toEqual(['two']);
  });

  it('by several at once is never lost', async () => {
    for (let round = 0; round < 10; round++) {
      await claimTag(directory, 'one', recordOf('a'));
      const renamed = await Promise.allSettled(
        ['x', 'y', 'z'].map(async (to) => renameTag(directory, 'one', to)),
      );
      expect(renamed.some(({ status }) => status === 'fulfilled')).toBe(true);
      const left = await listTags(directory);
      expect(left.length).toBeGreaterThan(0);
      expect(left).not.toContain('one');
      for (const tag of left) await releaseTag(directory, tag);
    }
  });
});

describe('A tag made at random', () => {
  it('is kept by making it persistent', async () => {
    await claimTag(directory, 'calm-red-fox', recordOf('a', true));
    await makePersistent(directory, 'calm-red-fox');
    await makePersistent(directory, 'calm-red-fox');
    expect(await readTag(directory, 'calm-red-fox')).toEqual(recordOf('a'));
    expect(files()).toEqual(['calm-red-fox']);
  });
});

describe('What another user could have written', () => {
  it('is not read', async () => {
    await claimTag(directory, 'scan', recordOf('a'));
    chmodSync(join(directory, 'tags', 'scan'), 0o666);
    expect(await thrownBy(readTag(directory, 'scan'))).toBeInstanceOf(OwnershipError);
    symlinkSync('scan', join(directory, 'tags', 'link'));
    expect(await thrownBy(readTag(directory, 'link'))).toBeInstanceOf(OwnershipError);
  });

  it('is no directory of tags', async () => {
    mkdirSync(join(directory, 'tags'));
    chmodSync(join(directory, 'tags'), 0o777);
    for (const use of [
      claimTag(directory, 'scan', recordOf('a')),
      readTag(directory, 'scan'),
      listTags(directory),
      releaseTag(directory, 'scan'),
    ])
      expect(await thrownBy(use)).toBeInstanceOf(DirectoryError);
  });
});

describe('A tag whose file is torn', () => {
  it.each(['', '{"id":"a"', 'null', '{"id":1,"transient":false,"made":""}'])(
    'is an error with the remedy: %j',
    async (text) => {
      await claimTag(directory, 'scan', recordOf('a'));
      writeFileSync(join(directory, 'tags', 'scan'), text);
      const error = await thrownBy(readTag(directory, 'scan'));
      expect(error).toBeInstanceOf(PayloadError);
      expect(String(error)).toContain('Remedy: remove that file');
      expect(await releaseTag(directory, 'scan')).toBe(true);
    },
  );
});
