import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { showValue } from '../../base/checks.ts';
import { PayloadError } from '../../base/errors.ts';
import { globToRegExp, SHELL_GLOB } from '../../base/glob.ts';
import { InvalidTagError, TagNotFoundError, TagTakenError } from '../../base/map-errors.ts';
import { isMissing, readdirIfThere } from '../../base/missing-files.ts';
import { tagFile, tagsDirectory } from '../../job-set/names.ts';
import { checkDirectory, makeDirectory, asyncFileCalls, readTrusted } from '../../job-set/trusted-files.ts';
import { linkNew, writeWhole } from '../../job-set/whole-files.ts';

/**
 * Attempts to read an incomplete tag file, and the time between them; on file systems without hard links
 * another process may still be writing it.
 */
const READ_ATTEMPTS = 20;
const RETRY_DELAY_MS = 50;
/** Maximum length of a tag in bytes, so that every file system can store it as a file name. */
const MAX_BYTES = 200;
/** Maximum number of similar tags in an error. */
const MAX_NEAREST = 3;
/** Characters with a meaning in patterns, shells, paths or submit descriptions, and invisible ones. */
const FORBIDDEN = /[/\\<>:"|?*[\]!'`$\s\p{Cc}\p{Cf}\p{Cs}]/u;

/** The content of a tag: the file `tags/<tag>` below the executor's directory. */
export interface TagRecord {
  /** The id of the map's job set. */
  readonly id: string;
  /** Whether the tag was made at random rather than given by a user; `clean()` removes such maps. */
  readonly transient: boolean;
  /** The time at which the map was made, in ISO format. */
  readonly made: string;
}

/**
 * Gives a tag to a job set. If several processes on any machines claim one tag at once, one of them succeeds.
 * @param directory the executor's directory
 * @throws {InvalidTagError}
 * @throws {TagTakenError} if another job set has it
 * @throws {DirectoryError} if tags cannot be written in the directory
 */
export async function claimTag(directory: string, tag: string, record: TagRecord): Promise<void> {
  checkTag(tag);
  makeDirectory(tagsDirectory(directory));
  const temporary = await writeTemporary(directory, record);
  try {
    await linkNew(temporary, tagFile(directory, tag));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw tagTakenError(directory, tag);
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/**
 * Reads a tag.
 * @throws {TagNotFoundError} if there is no such tag; the error has similar tags
 * @throws {InvalidTagError}
 * @throws {OwnershipError} if another user could have written it
 * @throws {PayloadError} if its file is incomplete, as after a crash on a file system without hard links
 */
export async function readTag(directory: string, tag: string): Promise<TagRecord> {
  checkTag(tag);
  const record = await findTag(directory, tag);
  if (record !== undefined) return record;
  const nearest = nearestTags(tag, await listTags(directory));
  const remedy =
    nearest.length === 0 ? '' : `. Did you mean ${nearest.map((near) => `\`${near}\``).join(' or ')}?`;
  throw new TagNotFoundError(`There is no map \`${tag}\` in ${directory}${remedy}`, tag, nearest);
}

/** Whether a map has the tag. @throws {InvalidTagError} {@link OwnershipError} {@link PayloadError} */
export async function hasTag(directory: string, tag: string): Promise<boolean> {
  checkTag(tag);
  return (await findTag(directory, tag)) !== undefined;
}

export function tagTakenError(directory: string, tag: string): TagTakenError {
  const message = `The tag \`${tag}\` is taken by another map of ${directory}. Load that map, remove it, or choose another tag`;
  return new TagTakenError(message, tag);
}

/**
 * The tags of a directory, sorted.
 * @param pattern a shell pattern with `*`, `?`, `[a-f]` and `[!a-f]`; case-sensitive
 * @throws {DirectoryError} if other users could write tags
 */
export async function listTags(directory: string, pattern = '*'): Promise<string[]> {
  checkDirectory(tagsDirectory(directory));
  const names = await readdirIfThere(tagsDirectory(directory));
  const isWanted = tagPattern(pattern);
  // isTag() excludes temporary files, whose names no tag can have.
  return names.filter((name) => isTag(name) && isWanted(name)).toSorted();
}

/** @throws {TypeError} for a pattern that is not a string */
export function checkPattern(pattern: string | undefined): string | undefined {
  if (pattern === undefined || typeof pattern === 'string') return pattern;
  throw new TypeError(`Expected \`pattern\` to be a string, such as 'scan-*', got ${showValue(pattern)}`);
}

/**
 * Deletes a tag.
 * @param id delete it only if it still belongs to this job set
 * @returns whether it was deleted
 * @throws {InvalidTagError}
 */
export async function releaseTag(directory: string, tag: string, id?: string): Promise<boolean> {
  checkTag(tag);
  checkDirectory(tagsDirectory(directory));
  if (id !== undefined && (await findTag(directory, tag))?.id !== id) return false;
  try {
    await unlink(tagFile(directory, tag));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Gives a job set another tag, which is persistent, because a user has chosen it. The new tag is written
 * before the old one is deleted, so that a crash or two concurrent renames may leave both; another rename
 * then deletes the old one.
 * @param id rename it only if it still belongs to this job set
 * @throws {TagTakenError} if another job set has the new one
 * @throws {TagNotFoundError}
 * @throws {InvalidTagError}
 */
export async function renameTag(
  directory: string,
  from: string,
  to: string,
  id?: string,
): Promise<TagRecord> {
  const record = { ...(await readTag(directory, from)), transient: false };
  if (id !== undefined && record.id !== id)
    throw new TagNotFoundError(`The tag \`${from}\` of ${directory} is another map's by now`, from, []);
  checkTag(to);
  if (from === to) {
    await makePersistent(directory, to);
    return record;
  }
  try {
    await claimTag(directory, to, record);
  } catch (error) {
    const isOwn = error instanceof TagTakenError && (await findTag(directory, to))?.id === record.id;
    if (!isOwn) throw error;
  }
  await releaseTag(directory, from, record.id);
  return record;
}

/**
 * Makes a random tag persistent, so that `clean()` keeps its map.
 * @throws {TagNotFoundError}
 * @throws {InvalidTagError}
 */
export async function makePersistent(directory: string, tag: string): Promise<void> {
  const record = await readTag(directory, tag);
  if (!record.transient) return;
  // A file cannot be replaced only if it exists, so that a concurrent removal of the map may leave its tag.
  await writeWhole(tagFile(directory, tag), formatRecord({ ...record, transient: false }));
}

async function findTag(directory: string, tag: string): Promise<TagRecord | undefined> {
  checkDirectory(tagsDirectory(directory));
  const file = tagFile(directory, tag);
  for (let attempt = 1; attempt <= READ_ATTEMPTS; attempt++) {
    const bytes = await readTrusted(asyncFileCalls, file);
    if (bytes === undefined) return undefined;
    const record = parseRecord(bytes.toString());
    if (record !== undefined) return record;
    await delay(RETRY_DELAY_MS);
  }
  throw new PayloadError(
    `The tag ${file} is torn, as by a crash. Remedy: remove that file; the job sets beside it are whole`,
  );
}

/** Writes a tag's content under a temporary name, which no tag can have. */
async function writeTemporary(directory: string, record: TagRecord): Promise<string> {
  const file = join(tagsDirectory(directory), `.${nanoid()}`);
  await writeWhole(file, formatRecord(record));
  return file;
}

function formatRecord({ id, transient, made }: TagRecord): string {
  return `${JSON.stringify({ id, transient, made })}\n`;
}

function parseRecord(text: string): TagRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<TagRecord> | null;
    const { id, transient, made } = record ?? {};
    return typeof id === 'string' && typeof transient === 'boolean' && typeof made === 'string'
      ? { id, transient, made }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @throws {InvalidTagError} for a text that cannot be a tag; the message says why
 * @throws {TypeError} for a value that is not a string
 */
export function checkTag(tag: string): void {
  if (typeof tag !== 'string') throw new TypeError(`Expected a tag to be a string, got ${showValue(tag)}`);
  const trouble = explainInvalidTag(tag);
  if (trouble === undefined) return;
  throw new InvalidTagError(
    `${tag === '' ? 'An empty text' : JSON.stringify(tag)} cannot be a tag: ${trouble}. Take one such as \`${suggestTag(tag)}\``,
    tag,
  );
}

export function isTag(tag: string): boolean {
  return explainInvalidTag(tag) === undefined;
}

function explainInvalidTag(tag: string): string | undefined {
  if (tag === '') return 'a tag has at least one character';
  if (/^[.-]/.test(tag)) return `it begins with ${JSON.stringify(tag[0])}`;
  const [forbidden] = FORBIDDEN.exec(tag) ?? [];
  if (forbidden !== undefined) return `it has ${describeCharacter(forbidden)}, which no tag may have`;
  const bytes = Buffer.byteLength(tag);
  return bytes > MAX_BYTES ? `it is ${bytes} bytes long, and ${MAX_BYTES} are the most` : undefined;
}

const CHARACTER_NAMES: Readonly<Record<string, string>> = {
  ' ': 'a space',
  '\n': 'a line break',
  '\t': 'a tab',
};

function describeCharacter(character: string): string {
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  return (
    CHARACTER_NAMES[character] ??
    (/[\p{C}\s]/u.test(character) ? `the character U+${code}` : `a ${character}`)
  );
}

/** A valid tag similar to an invalid one, for error messages. */
function suggestTag(tag: string): string {
  const valid = tag
    .replaceAll(new RegExp(`${FORBIDDEN.source}+`, 'gu'), '-')
    .replace(/^[.-]+/, '')
    .replace(/-+$/, '');
  return valid === '' || Buffer.byteLength(valid) > MAX_BYTES ? 'scan-of-march' : valid;
}

/** The tags most similar to a mistyped one, the nearest first. */
export function nearestTags(wanted: string, tags: readonly string[]): string[] {
  // About one mistake in three characters.
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return tags
    .map((tag) => ({ tag, distance: editDistance(wanted.toLowerCase(), tag.toLowerCase(), limit) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MAX_NEAREST)
    .map(({ tag }) => tag);
}

/** The Levenshtein distance of two texts; any number above the limit if it exceeds the limit. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** Creates a function that matches tags against a pattern of {@link SHELL_GLOB}. */
export function tagPattern(pattern: string): (tag: string) => boolean {
  const wanted = globToRegExp(pattern, SHELL_GLOB);
  return (tag) => wanted.test(tag);
}
