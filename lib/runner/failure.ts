import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CODE_FILE, TAG_VARIABLE } from '../job-set/names.ts';
import type { ItemOutcome } from '../payload/call.ts';
import { frameIn, type Scene, type SourceLines, type StackFrame } from '../payload/scene.ts';
import { thrownOf } from './results-reader.ts';

// Limits of what a scene holds.
const MAX_NAMES = 100;
const MAX_PACKAGES = 50;
/** Length of a chain of causes. */
const MAX_ERRORS = 5;
const MAX_FRAMES = 12;
/** Source lines before and after the line of a frame. */
const LINES_AROUND = 2;
const MAX_LINE_LENGTH = 200;
/** Larger files are not source that people read. */
const MAX_FILE_SIZE = 4 * 1024 * 1024;

/** The outcome of a call that has thrown. Never throws. */
export function failureOf(error: unknown): Extract<ItemOutcome, { thrown: unknown }> {
  const thrown = thrownOf(error);
  // Only components of maps have error reports.
  const scene = process.env[TAG_VARIABLE] === undefined ? undefined : recordScene(error);
  return scene === undefined ? { thrown } : { thrown, scene };
}

/** Records the surroundings in which a call has just thrown; undefined if that fails. Never throws. */
function recordScene(error: unknown): Scene | undefined {
  try {
    const frames = framesOf(error);
    const directory = process.cwd();
    const names = listDirectory(directory);
    return {
      directory,
      names: names.slice(0, MAX_NAMES),
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

/** Stack frames of an error and its causes, without duplicates and without frames of Node and the runner. */
function framesOf(error: unknown): StackFrame[] {
  const frames = new Map<string, StackFrame>();
  let remaining = MAX_ERRORS;
  for (let each = error; remaining > 0 && typeof each === 'object' && each !== null; remaining -= 1) {
    const { stack, cause } = each as { stack?: unknown; cause?: unknown };
    for (const line of typeof stack === 'string' ? stack.split('\n') : []) {
      const frame = frameIn(line);
      const isRunner = frame?.file.endsWith(CODE_FILE) === true;
      if (frame !== undefined && !isRunner && frames.size < MAX_FRAMES) frames.set(frame.place, frame);
    }
    each = cause;
  }
  return [...frames.values()];
}

function linesAround({ place, file, line }: StackFrame): SourceLines | undefined {
  try {
    const path = pathOf(file);
    if (statSync(path).size > MAX_FILE_SIZE) return undefined;
    const all = readFileSync(path, 'utf8').split('\n');
    if (line > all.length) return undefined;
    const first = Math.max(1, line - LINES_AROUND);
    const lines = all.slice(first - 1, line + LINES_AROUND).map((text) => text.slice(0, MAX_LINE_LENGTH));
    return { place, first, lines };
  } catch {
    // The file is on another machine only.
    return undefined;
  }
}

/** Names and versions of the packages that the files and the loaded CommonJS modules belong to. */
function packagesOf(files: readonly string[]): string[] {
  const loaded = Object.keys(createRequire(process.execPath).cache);
  const directories = new Set([...files, ...loaded].map((file) => dirname(file)));
  const known = new Map<string, string | undefined>();
  const packages = new Set<string>();
  for (const directory of directories) {
    const found = nearestPackage(directory, known);
    if (found !== undefined && packages.size < MAX_PACKAGES) packages.add(found);
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
    // A package.json that only says `type: module` is part of another package.
    if (typeof name !== 'string') return undefined;
    return typeof version === 'string' ? `${name} ${version}` : name;
  } catch {
    return undefined;
  }
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}
