import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { showValue } from '../../base/checks.ts';
import { PayloadError } from '../../base/errors.ts';
import { globToRegExp, SHELL_GLOB } from '../../base/glob.ts';
import { InvalidTagError, TagNotFoundError, TagTakenError } from '../../base/map-errors.ts';
import { tagFile, tagsDirectory } from '../../job-set/names.ts';
import { checkDirectory, makeDirectory, asyncFileCalls, readTrusted } from '../../job-set/trusted-files.ts';
import { linkNew, writeWhole } from '../../job-set/whole-files.ts';

/** What a tag stands for: a file `tags/<tag>` below the executor's directory. */
export interface TagRecord {
  /** Of the job set. */
  readonly id: string;
  /** The user gave no tag: it was made at random, and its map goes with the next clearance. */
  readonly transient: boolean;
  /** When the map was made, as an ISO time. */
  readonly made: string;
}

/**
 * Gives a tag to a job set: of many processes, on whatever machines, that want it at once, one gets it.
 * @param directory the executor's
 * @throws {InvalidTagError}
 * @throws {TagTakenError} if another job set has it
 * @throws {DirectoryError} if tags cannot be written there
 */
export async function claimTag(directory: string, tag: string, record: TagRecord): Promise<void> {
  checkTag(tag);
  makeDirectory(tagsDirectory(directory));
  const temporary = await writeTemporary(directory, record);
  try {
    await linkNew(temporary, tagFile(directory, tag));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw tagTaken(directory, tag);
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/**
 * What a tag stands for.
 * @throws {TagNotFoundError} if there is no such tag; it has those that read much the same
 * @throws {InvalidTagError}
 * @throws {OwnershipError} if another user could have written it
 * @throws {PayloadError} if its file is torn, as after a crash on a filesystem without hard links
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

export function tagTaken(directory: string, tag: string): TagTakenError {
  const message = `The tag \`${tag}\` is taken by another map of ${directory}. Load that map, remove it, or choose another tag`;
  return new TagTakenError(message, tag);
}

/**
 * The tags of a directory, sorted.
 * @param pattern as a shell has them: `*`, `?`, `[a-f]`, `[!a-f]`; case matters
 * @throws {DirectoryError} if others could write them
 */
export async function listTags(directory: string, pattern = '*'): Promise<string[]> {
  checkDirectory(tagsDirectory(directory));
  const names = await readdir(tagsDirectory(directory)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // Files that are being written have names that no tag has.
  const isWanted = tagPattern(pattern);
  return names.filter((name) => isTag(name) && isWanted(name)).toSorted();
}

/** @throws {TypeError} for a pattern that is no text */
export function checkPattern(pattern: string | undefined): string | undefined {
  if (pattern === undefined || typeof pattern === 'string') return pattern;
  throw new TypeError(`Expected \`pattern\` to be a string, such as 'scan-*', got ${showValue(pattern)}`);
}

/**
 * Frees a tag.
 * @param id free it only if it is still this job set's
 * @returns whether it was there
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
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Gives a job set another tag, which is persistent: somebody has chosen it. It never has none: a crash midway, or two who rename one tag at
 * once, leave two tags for one job set. To rename it once more is no error then.
 * @param id rename it only if it is still this job set's
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
 * Keeps a map whose tag was made at random, under that tag.
 * @throws {TagNotFoundError}
 * @throws {InvalidTagError}
 */
export async function makePersistent(directory: string, tag: string): Promise<void> {
  const record = await readTag(directory, tag);
  if (!record.transient) return;
  // There is no way to replace a file only if it still exists; who removes a map at the same instant may leave its tag.
  await writeWhole(tagFile(directory, tag), encode({ ...record, transient: false }));
}

/** How often, and how long apart in ms, a file is read that is not whole: on filesystems without hard links it may be still being written. */
const READINGS = 20;
const BETWEEN_READINGS_MS = 50;

async function findTag(directory: string, tag: string): Promise<TagRecord | undefined> {
  checkDirectory(tagsDirectory(directory));
  const file = tagFile(directory, tag);
  for (let reading = 1; reading <= READINGS; reading++) {
    const bytes = await readTrusted(asyncFileCalls, file);
    if (bytes === undefined) return undefined;
    const record = decode(bytes.toString());
    if (record !== undefined) return record;
    await delay(BETWEEN_READINGS_MS);
  }
  throw new PayloadError(
    `The tag ${file} is torn, as by a crash. Remedy: remove that file; the job sets beside it are whole`,
  );
}

/** Under a name that no tag has. */
async function writeTemporary(directory: string, record: TagRecord): Promise<string> {
  const file = join(tagsDirectory(directory), `.${nanoid()}`);
  await writeWhole(file, encode(record));
  return file;
}

function encode({ id, transient, made }: TagRecord): string {
  return `${JSON.stringify({ id, transient, made })}\n`;
}

function decode(text: string): TagRecord | undefined {
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

/** How many are offered. */
const MOST = 3;

/** Tags that somebody may have meant who wrote another one: the nearest first, a few at the most. */
export function nearestTags(wanted: string, tags: readonly string[]): string[] {
  // A slip in about every third character.
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return tags
    .map((tag) => ({ tag, distance: distanceOf(wanted.toLowerCase(), tag.toLowerCase(), limit) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ tag }) => tag);
}

/** How many characters must be put in, left out or replaced to make one text of the other; more than the limit, once it must be. */
function distanceOf(a: string, b: string, limit: number): number {
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

/** Whether tags match a pattern of {@link SHELL_GLOB}. */
export function tagPattern(pattern: string): (tag: string) => boolean {
  const wanted = globToRegExp(pattern, SHELL_GLOB);
  return (tag) => wanted.test(tag);
}
