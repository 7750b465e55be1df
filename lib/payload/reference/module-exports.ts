import { offsetAt } from '../analysis/positions.ts';
import { commonjsExports, type CommonjsExport } from './commonjs-shape.ts';
import { knownShapeOf } from './known-shapes.ts';
import { isForced, pathOf, type ReferencePolicy } from './module-policy.ts';
import { packageOf } from './packages.ts';
import { readSource, type SourceFile } from './source-file.ts';

/** Where a function comes from, as the engine tells it. */
export interface FunctionPlace {
  /** Of its script: a file URL, a path, `node:…`, or anything else for code that was evaluated. */
  readonly url: string;
  /** Lines and columns count from 0, as in the engine's `[[FunctionLocation]]`. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** The source of the whole script, as it was compiled. */
  readonly loadedSource: () => string;
}

/** How a module exports a function that its text defines. */
export interface StaticExport {
  readonly name: string;
  readonly format: 'module' | 'commonjs';
}

/**
 * Whether the function at that place is an export of its module for certain: declared at its top level, exported, and never assigned
 * to. Only if the file on the disk is what was loaded, so that a plain `node` gets the same from it; in packages it is enough that
 * the function itself is. Modules that the policy forces count as they were loaded.
 */
export function exportOf(place: FunctionPlace, policy: ReferencePolicy = {}): StaticExport | undefined {
  const path = pathOf(place.url);
  if (path === undefined) return undefined;
  if (isForced(place.url, policy)) return namedAt(place, place.loadedSource());
  const file = readSource(path);
  if (file === undefined) return undefined;
  const isPackage = packageOf(path) !== undefined;
  if (!file.text.includes(place.text) || !(isPackage || isAsLoaded(file, place))) return undefined;
  return namedAt(place, file.text) ?? (isPackage ? commonjsAt(place, file) : undefined);
}

/** Whether the file on the disk still is what was loaded from it. */
export function isAsLoaded(file: SourceFile, place: FunctionPlace): boolean {
  const known = comparisons.get(file) ?? new Map<string, boolean>();
  comparisons.set(file, known);
  let same = known.get(place.url);
  if (same === undefined) {
    same = place.loadedSource() === file.text;
    known.set(place.url, same);
  }
  return same;
}

const comparisons = new WeakMap<SourceFile, Map<string, boolean>>();

function namedAt({ line, column, text }: FunctionPlace, source: string): StaticExport | undefined {
  const found = knownShapeOf(source)?.exports.get(offsetIn(source, line, column));
  if (found === undefined || source.slice(found.range.start, found.range.end) !== text) return undefined;
  return { name: found.exportName, format: 'module' };
}

function offsetIn(source: string, line: number, column: number): number {
  try {
    return offsetAt(source, line, column);
  } catch {
    // It has become shorter since it was loaded.
    return -1;
  }
}

/** Loaders and test runners keep CommonJS modules where nobody can look for them: then the text has to do. */
function commonjsAt({ line, text }: FunctionPlace, file: SourceFile): StaticExport | undefined {
  let exported = commonjs.get(file);
  if (exported === undefined) {
    exported = commonjsExports(file.text);
    commonjs.set(file, exported);
  }
  const found = exported.find(
    (each) => each.firstLine <= line && line <= each.lastLine && each.text === text,
  );
  return found && { name: found.name, format: 'commonjs' };
}

const commonjs = new WeakMap<SourceFile, readonly CommonjsExport[]>();
