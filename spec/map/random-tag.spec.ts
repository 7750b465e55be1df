import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkTag } from '../../lib/map/check-tag.ts';
import { claimRandomTag, randomTag } from '../../lib/map/random-tag.ts';
import { ADJECTIVES, NOUNS } from '../../lib/map/tag-words.ts';
import { listTags, readTag } from '../../lib/map/tags.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const parent = temporaryDirectory();
const newDirectory = (): string => mkdtempSync(join(parent, 'jobs-'));
const record = { id: '20260101-abc', transient: true, made: '2026-01-01T00:00:00.000Z' };

describe('A tag made at random', () => {
  it('is two adjectives and a noun', () => {
    for (let i = 0; i < 1000; i++) {
      const tag = randomTag();
      const [first, second, noun] = tag.split('-');
      expect(ADJECTIVES).toContain(first);
      expect(ADJECTIVES).toContain(second);
      expect(NOUNS).toContain(noun);
      expect(first).not.toBe(second);
      checkTag(tag);
    }
  });

  it('is of short words, each there once, of some million', () => {
    for (const words of [ADJECTIVES, NOUNS]) {
      expect(words.length).toBeGreaterThanOrEqual(100);
      expect(new Set(words).size).toBe(words.length);
      for (const word of words) expect(word).toMatch(/^[a-z]{2,8}$/);
    }
  });

  it('is claimed for a job set', async () => {
    const directory = newDirectory();
    const tag = await claimRandomTag(directory, record);
    expect(await listTags(directory)).toEqual([tag]);
    expect(await readTag(directory, tag)).toEqual(record);
  });

  it('is another one where the first is taken', async () => {
    const directory = newDirectory();
    const tags = ['calm-red-fox', 'calm-red-fox', 'tall-red-fox'];
    const make = (): string => tags.shift() as string;
    expect(await claimRandomTag(directory, record, make)).toBe('calm-red-fox');
    expect(await claimRandomTag(directory, record, make)).toBe('tall-red-fox');
  });

  it('gets a number where so many are taken that none is found', async () => {
    const directory = newDirectory();
    const make = (): string => 'calm-red-fox';
    await claimRandomTag(directory, record, make);
    expect(await claimRandomTag(directory, record, make)).toMatch(/^calm-red-fox-\d+$/);
  });
});
