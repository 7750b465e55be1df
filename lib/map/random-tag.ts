import { randomInt } from 'node:crypto';
import { TagTakenError } from './tag-errors.ts';
import { ADJECTIVES, NOUNS } from './tag-words.ts';
import { claimTag, type TagRecord } from './tags.ts';

/** A tag that people can read and say, such as `calm-green-heron`: one of about a million. */
export function randomTag(): string {
  const first = randomInt(ADJECTIVES.length);
  const step = 1 + randomInt(ADJECTIVES.length - 1);
  const second = (first + step) % ADJECTIVES.length;
  return [ADJECTIVES[first], ADJECTIVES[second], NOUNS[randomInt(NOUNS.length)]].join('-');
}

/** So many are tried as they are, before a number is put behind them. */
const TRIES = 20;

/**
 * Gives a job set a tag made at random.
 * @param make for specs
 * @returns the tag
 * @throws {DirectoryError} if tags cannot be written there
 */
export async function claimRandomTag(
  directory: string,
  record: TagRecord,
  make: () => string = randomTag,
): Promise<string> {
  for (let tries = 1; ; tries++) {
    const tag = tries <= TRIES ? make() : `${make()}-${randomInt(10 ** 9)}`;
    try {
      await claimTag(directory, tag, record);
      return tag;
    } catch (error) {
      if (!(error instanceof TagTakenError)) throw error;
    }
  }
}
