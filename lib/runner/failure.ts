import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CODE_FILE } from '../job-set/names.ts';
import type { ItemOutcome } from '../payload/call.ts';
import { frameIn, type Scene, type SourceLines, type StackFrame } from '../payload/scene.ts';
import { thrownOf } from './results-reader.ts';

const MOST_NAMES = 100;
const MOST_PACKAGES = 50;
/** Of an error and its causes. */
const MOST_ERRORS = 5;
const MOST_FRAMES = 12;
/** Lines before and after that of a frame. */
const AROUND = 2;
const MOST_CHARACTERS = 200;
/** A file that is longer is none that people read. */
const MOST_BYTES = 4 * 1024 * 1024;

/** What there is to see where a call has just thrown; undefined if even that fails. Never throws. */
export function recordScene(error: unknown): Scene | undefined {
  try {
    const frames = framesOf(error);
    const directory = process.cwd();
    const names = listDirectory(directory);
    return {
      directory,
      names: names.slice(0, MOST_NAMES),
      count: names.length,
      scratch: process.env['_CONDOR_SCRATCH_DIR'],
      packages: packagesOf(frames.map(({ file }) => pathOf(file))),
      sources: frames.flatMap((frame) => linesAround(frame) ?? []),
    };
  } catch {
    return undefined;
  }
}

function listDirectory(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .toSorted();
  } catch {
    return [];
  }
}

/** Of an error and its causes, those in files that are not Node's own; each place once. */
function framesOf(error: unknown): StackFrame[] {
  const frames = new Map<string, StackFrame>();
  let left = MOST_ERRORS;
  for (let each = error; left > 0 && typeof each === 'object' && each !== null; left -= 1) {
    const { stack, cause } = each as { stack?: unknown; cause?: unknown };
    for (const line of typeof stack === 'string' ? stack.split('\n') : []) {
      const frame = frameIn(line);
      const isOwn = frame?.file.endsWith(CODE_FILE) === true;
      if (frame !== undefined && !isOwn && frames.size < MOST_FRAMES) frames.set(frame.place, frame);
    }
    each = cause;
  }
  return [...frames.values()];
}

function linesAround({ place, file, line }: StackFrame): SourceLines | undefined {
  try {
    const path = pathOf(file);
    if (statSync(path).size > MOST_BYTES) return undefined;
    const all = readFileSync(path, 'utf8').split('\n');
    if (line > all.length) return undefined;
    const first = Math.max(1, line - AROUND);
    const lines = all.slice(first - 1, line + AROUND).map((text) => text.slice(0, MOST_CHARACTERS));
    return { place, first, lines };
  } catch {
    // Of a machine that does not share it.
    return undefined;
  }
}

/** Those that the files belong to, and those of CommonJS modules that were loaded. */
function packagesOf(files: readonly string[]): string[] {
  const loaded = Object.keys(createRequire(process.execPath).cache);
  const directories = new Set([...files, ...loaded].map((file) => dirname(file)));
  const known = new Map<string, string | undefined>();
  const packages = new Set<string>();
  for (const directory of directories) {
    const found = nearestPackage(directory, known);
    if (found !== undefined && packages.size < MOST_PACKAGES) packages.add(found);
  }
  return [...packages].toSorted();
}

function nearestPackage(directory: string, known: Map<string, string | undefined>): string | undefined {
  if (known.has(directory)) return known.get(directory);
  const parent = dirname(directory);
  const found = packageIn(directory) ?? (parent === directory ? undefined : nearestPackage(parent, known));
  known.set(directory, found);
  return found;
}

function packageIn(directory: string): string | undefined {
  try {
    const text = readFileSync(join(directory, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    // One that only says `type: module` is part of another.
    if (typeof name !== 'string') return undefined;
    return typeof version === 'string' ? `${name} ${version}` : name;
  } catch {
    return undefined;
  }
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

/** What is to be told of a call that has thrown. Never throws. */
export function failureOf(error: unknown): Extract<ItemOutcome, { thrown: unknown }> {
  const thrown = thrownOf(error);
  // Only of components of maps is there ever a report.
  const scene = process.env['CONDOR_FUTURES_TAG'] === undefined ? undefined : recordScene(error);
  return scene === undefined ? { thrown } : { thrown, scene };
}
