import { showValue } from '../options.ts';
import { InvalidTagError } from './tag-errors.ts';

/** So that a file may have the name, everywhere. */
const MOST_BYTES = 200;

/** What patterns, shells, paths and submit descriptions take for something else; controls, and what cannot be seen. */
const FORBIDDEN = /[/\\<>:"|?*[\]!'`$\s\p{Cc}\p{Cf}\p{Cs}]/u;

/**
 * @throws {InvalidTagError} for what cannot be a tag; the message says why
 * @throws {TypeError} for what is no text
 */
export function checkTag(tag: string): void {
  if (typeof tag !== 'string') throw new TypeError(`Expected a tag to be a string, got ${showValue(tag)}`);
  const trouble = troubleWithTag(tag);
  if (trouble === undefined) return;
  throw new InvalidTagError(
    `${tag === '' ? 'An empty text' : JSON.stringify(tag)} cannot be a tag: ${trouble}. Take one such as \`${goodTag(tag)}\``,
    tag,
  );
}

export function isTag(tag: string): boolean {
  return troubleWithTag(tag) === undefined;
}

function troubleWithTag(tag: string): string | undefined {
  if (tag === '') return 'a tag has at least one character';
  if (/^[.-]/.test(tag)) return `it begins with ${JSON.stringify(tag[0])}`;
  const [forbidden] = FORBIDDEN.exec(tag) ?? [];
  if (forbidden !== undefined) return `it has ${nameOf(forbidden)}, which no tag may have`;
  const bytes = Buffer.byteLength(tag);
  return bytes > MOST_BYTES ? `it is ${bytes} bytes long, and ${MOST_BYTES} are the most` : undefined;
}

const NAMES: Readonly<Record<string, string>> = { ' ': 'a space', '\n': 'a line break', '\t': 'a tab' };

function nameOf(character: string): string {
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return NAMES[character] ?? (/[\p{C}\s]/u.test(character) ? `the character U+${code}` : `a ${character}`);
}

/** The tag with what is wrong left out, where something is left. */
function goodTag(tag: string): string {
  const good = tag
    .replaceAll(new RegExp(`${FORBIDDEN.source}+`, 'gu'), '-')
    .replace(/^[.-]+/, '')
    .replace(/-+$/, '');
  return good === '' || Buffer.byteLength(good) > MOST_BYTES ? 'scan-of-march' : good;
}
