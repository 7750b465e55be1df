import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Frames to look at for those of the program, which are below ours. */
const SEARCHED_FRAMES = 50;
/** Frames that a stack shows, as V8 does. */
const SHOWN_FRAMES = 10;
/** Frames of ours at the top of where a call was submitted: that of `noteCaller`, and of what calls it. */
const OWN_CALLER_FRAMES = 2;
/** Frames that are kept of where a call was submitted. */
const CALLER_FRAMES = OWN_CALLER_FRAMES + 1;

/** The place where the program called a function of ours, as V8 keeps it until it is read. */
export interface Caller {
  readonly stack?: string;
}

/**
 * Notes where the program called the function of ours that calls this. It takes one or two microseconds,
 * because V8 makes the text only when it is read.
 */
export function noteCaller(): Caller {
  const { stackTraceLimit } = Error;
  // Fails where intrinsics are frozen.
  Reflect.set(Error, 'stackTraceLimit', CALLER_FRAMES);
  // V8 is slower with `captureStackTrace`, and where it is to leave out frames.
  const caller = new Error();
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return caller;
}

/** Lines of a stack for a caller, each after a line break; empty if it is not known. */
export function linesOf(caller: Caller | undefined): string {
  const frames = (caller?.stack ?? '').split('\n').filter(isFrame);
  return frames
    .slice(OWN_CALLER_FRAMES)
    .filter((line) => !isOwn(line))
    .map((line) => `\n${line}`)
    .join('');
}

/**
 * A stack without the frames of this library, and without those of Node between or beside them. What is at the
 * top stays, because there Node or JavaScript itself threw the error.
 * @param message of the error, which may contain the lines of another stack
 */
export function withoutOwnFrames(stack: string, message: string): string {
  const at = stack.indexOf(message);
  const end = stack.indexOf('\n', at < 0 ? 0 : at + message.length);
  if (end < 0) return stack;
  const kept = [stack.slice(0, end)];
  /** Frames of Node that are kept if one of the program follows. */
  let between: string[] = [];
  let isBelowOwn = false;
  for (const line of stack.slice(end + 1).split('\n')) {
    if (isOfPlatform(line)) {
      if (!isBelowOwn) between.push(line);
      continue;
    }
    isBelowOwn = isOwn(line);
    if (!isBelowOwn || kept.length === 1) kept.push(...between);
    if (!isBelowOwn) kept.push(line);
    between = [];
  }
  return [...kept, ...between].join('\n');
}

/** Makes an error whose stack shows the program's frames, however many of this library are above them. */
export function withFramesOfProgram<E extends Error>(make: () => E): E {
  return withLimit(SEARCHED_FRAMES, () => {
    const error = make();
    const { message, stack } = error;
    const lines = withoutOwnFrames(String(stack), message).split('\n');
    const first = lines.findIndex(isFrame);
    if (first >= 0) setStack(error, lines.slice(0, first + SHOWN_FRAMES).join('\n'));
    return error;
  });
}

/**
 * Shows in the stack of an error that this library has made, in a turn of its own, where the program submitted
 * the call, in place of our frames.
 */
export function showCaller(error: Error, caller: Caller | undefined): void {
  const lines = linesOf(caller);
  if (lines !== '') setStack(error, withoutOwnFrames(String(error.stack), error.message) + lines);
}

function setStack(error: Error, value: string): void {
  Object.defineProperty(error, 'stack', { value, writable: true, configurable: true });
}

function withLimit<T>(limit: number, act: () => T): T {
  const { stackTraceLimit } = Error;
  // Fails where intrinsics are frozen.
  Reflect.set(Error, 'stackTraceLimit', limit);
  try {
    return act();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line);
}

function isOwn(line: string): boolean {
  return isFrame(line) && ownNames.some((name) => line.includes(name));
}

/** Whether a frame is one of Node or of JavaScript itself. */
function isOfPlatform(line: string): boolean {
  return /^\s+at (?:.*\()?(?:async )?(?:node:|<anonymous>\))/.test(line);
}

/** The text by which stacks name frames of this library; none where a bundler has put it into the program. */
const ownNames: readonly string[] = findOwnNames(import.meta.url);

/** @param url undefined in a program that a bundler has made into CommonJS */
function findOwnNames(url?: string): string[] {
  if (url === undefined) return [];
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const directory = dirname(path);
  // The runner's two files, which lie in the job set.
  if (basename(path) === 'runner-code.js') return [`${path}:`, `${join(directory, 'runner.cjs')}:`];
  const folder = basename(dirname(directory));
  if (basename(directory) !== 'base' || (folder !== 'dist' && folder !== 'lib')) return [];
  // With source maps, what runs in dist/ is named by its source.
  return ['dist', 'lib'].flatMap((name) => {
    const root = join(directory, '../..', name);
    return [root + sep, `${pathToFileURL(root).href}/`];
  });
}
