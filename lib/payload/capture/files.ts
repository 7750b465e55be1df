import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { positionAt } from '../analysis/text.ts';
import type { SourceFile } from '../graph.ts';
import type { Script } from '../inspect/scopes.ts';
import { toThere } from '../relocated-paths.ts';

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

/** https://tc39.es/ecma426/ */
interface SourceMap {
  readonly version: number;
  readonly sources: readonly string[];
  readonly sourceRoot?: string;
  readonly mappings: string;
}

type Lines = ReturnType<typeof decode>;

interface DecodedMap extends Omit<SourceMap, 'mappings'> {
  readonly lines: Lines;
}

/**
 * The source map of a script, as JSON without the texts of the sources, for some parts of it, which keep their places.
 * @returns undefined if the script has no source map that can be read
 */
export function sourceMapFor(
  script: Script,
  isWanted: (line: number, column: number) => boolean,
): string | undefined {
  const map = readSourceMap(script);
  if (map === undefined) return undefined;
  const { version, sources, lines } = map;
  const kept = lines.map((segments, line) =>
    // Without the fifth number, an original name.
    segments
      .filter(([column]) => isWanted(line, column))
      .map((segment) => segment.slice(0, 4) as typeof segment),
  );
  return JSON.stringify({ version, sources, names: [], mappings: encode(kept).replace(/;+$/, '') });
}

/** Where a place of a script is in the file that it was made from; the script's own place, where there is no source map. */
export function originalPlace(
  script: Script | undefined,
  line: number,
  column: number,
): { readonly url: string; readonly line: number; readonly column: number } {
  const map = script === undefined ? undefined : readSourceMap(script);
  const segment = map?.lines[line]?.findLast(([from, source]) => from <= column && source !== undefined);
  if (map === undefined || segment?.length === undefined || segment.length < 4) {
    return { url: script?.url ?? '', line, column };
  }
  const [, source, originalLine, originalColumn] = segment as [number, number, number, number];
  return { url: map.sources[source] ?? '', line: originalLine, column: originalColumn };
}

const MOST_MAPS = 50;
/** By the URL of the map, which holds the whole map where a compiler puts it into the script. */
const maps = new Map<string, DecodedMap>();

function readSourceMap({ url, sourceMapUrl }: Script): DecodedMap | undefined {
  if (sourceMapUrl === '' || maps.has(sourceMapUrl)) return maps.get(sourceMapUrl);
  try {
    const isInline = sourceMapUrl.startsWith('data:');
    const script = url.startsWith('/') ? `file://${url}` : url;
    const place = isInline ? script : new URL(sourceMapUrl, script).href;
    const {
      mappings,
      sources,
      sourceRoot = '',
      ...map
    } = JSON.parse(
      isInline ? textOfDataUrl(sourceMapUrl) : readFileSync(fileURLToPath(place), 'utf8'),
    ) as SourceMap;
    const root = sourceRoot === '' ? '' : sourceRoot.replace(/\/?$/, '/');
    const decoded = {
      ...map,
      sources: sources.map((source) => new URL(root + source, place).href),
      lines: decode(mappings),
    };
    if (maps.size === MOST_MAPS) maps.clear();
    maps.set(sourceMapUrl, decoded);
    return decoded;
  } catch {
    return undefined;
  }
}

function textOfDataUrl(url: string): string {
  const comma = url.indexOf(',');
  const body = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(';base64')
    ? Buffer.from(body, 'base64').toString()
    : decodeURIComponent(body);
}
