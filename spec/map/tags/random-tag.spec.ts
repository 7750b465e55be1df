import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { checkTag } from '../../../lib/map/tags/tags.ts';
import { freeRandomTag, randomTag } from '../../../lib/map/tags/random-tag.ts';
import { ADJECTIVES, NOUNS } from '../../../lib/map/tags/random-tag.ts';
import { claimTag } from '../../../lib/map/tags/tags.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

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

  it('is one that no map has', async () => {
    const directory = newDirectory();
    const tags = ['calm-red-fox', 'calm-red-fox', 'tall-red-fox'];
    const make = (): string => tags.shift() as string;
    const first = await freeRandomTag(directory, make);
    expect(first).toBe('calm-red-fox');
    await claimTag(directory, first, record);
    expect(await freeRandomTag(directory, make)).toBe('tall-red-fox');
  });

  it('gets a number where so many are taken that none is found', async () => {
    const directory = newDirectory();
    await claimTag(directory, 'calm-red-fox', record);
    expect(await freeRandomTag(directory, () => 'calm-red-fox')).toMatch(/^calm-red-fox-\d+$/);
  });
});
