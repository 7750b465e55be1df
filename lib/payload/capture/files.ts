import { join } from 'node:path';
import { positionAt } from '../analysis/positions.ts';
import type { SourceFile } from '../graph.ts';
import { toThere } from '../moved.ts';
import type { Script } from '../inspect/scripts.ts';
import { sourceMapFor } from './source-maps.ts';

/** A stretch of a file. */
interface Stretch {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The files that captured functions come from. */
export class Files {
  readonly #files: { script: Script | undefined; stretches: Stretch[] }[] = [];
  readonly #indices = new Map<string, number>();

  /** The index of a function's file. */
  indexOf(script: Script | undefined): number {
    const url = script?.url ?? '';
    const known = this.#indices.get(url);
    if (known !== undefined) return known;
    const index = this.#files.push({ script, stretches: [] }) - 1;
    this.#indices.set(url, index);
    return index;
  }

  /** Notes where a function stands, for the file's source map. */
  noteText(file: number, stretch: Stretch): void {
    this.#files[file]?.stretches.push(stretch);
  }

  finish(): SourceFile[] {
    return this.#files.map(({ script, stretches }) => {
      const sourceMap = script === undefined ? undefined : sourceMapFor(script, isWithin(stretches));
      return { url: toThere(urlOf(script?.url ?? '')), ...(sourceMap === undefined ? {} : { sourceMap }) };
    });
  }
}

function isWithin(stretches: readonly Stretch[]): (line: number, column: number) => boolean {
  const ranges = stretches.map(({ line, column, text }) => {
    const end = positionAt(text, text.length);
    return {
      line,
      column,
      lastLine: line + end.line,
      end: end.line === 0 ? column + end.column : end.column,
    };
  });
  return (line, column) =>
    ranges.some(
      (range) =>
        (line > range.line || (line === range.line && column >= range.column)) &&
        (line < range.lastLine || (line === range.lastLine && column <= range.end)),
    );
}

/** Evaluated code counts as a file in the current directory. */
function urlOf(url: string): string {
  if (url.startsWith('file:') || url.startsWith('/')) return url;
  return join(process.cwd(), url === '' ? '[evaluated code]' : url.replaceAll('/', ' ').slice(0, 60));
}
