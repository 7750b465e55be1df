import { randomInt } from 'node:crypto';
import { ADJECTIVES, NOUNS } from './tag-words.ts';
import { hasTag } from './tags.ts';

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
 * A tag made at random that no map of the directory has.
 * @param make for specs
 * @throws {OwnershipError} if another user could have written a tag
 */
export async function freeRandomTag(directory: string, make: () => string = randomTag): Promise<string> {
  for (let tries = 1; ; tries++) {
    const tag = tries <= TRIES ? make() : `${make()}-${randomInt(10 ** 9)}`;
    if (!(await hasTag(directory, tag))) return tag;
  }
}
