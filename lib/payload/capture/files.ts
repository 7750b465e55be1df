import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { positionAt } from '../analysis/text.ts';
import type { SourceFile } from '../graph.ts';
import type { Script } from '../inspect/scopes.ts';
import { toThere } from '../relocated-paths.ts';

const MAX_CACHED_MAPS = 50;

/** A function's text and its position in a file. */
interface Excerpt {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The source files of captured functions. */
export class Files {
  readonly #files: { script: Script | undefined; excerpts: Excerpt[] }[] = [];
  readonly #indices = new Map<string, number>();

  /** The index of a script's file; a new one is added. */
  indexOf(script: Script | undefined): number {
    const url = script?.url ?? '';
    const known = this.#indices.get(url);
    if (known !== undefined) return known;
    const index = this.#files.push({ script, excerpts: [] }) - 1;
    this.#indices.set(url, index);
    return index;
  }

  /** Notes a function's text, which the file's source map has to cover. */
  noteText(file: number, excerpt: Excerpt): void {
    this.#files[file]?.excerpts.push(excerpt);
  }

  /** All files, with source maps reduced to the functions. */
  finish(): SourceFile[] {
    return this.#files.map(({ script, excerpts }) => {
      const sourceMap = script === undefined ? undefined : sourceMapFor(script, isWithin(excerpts));
      return { url: toThere(urlOf(script?.url ?? '')), ...(sourceMap === undefined ? {} : { sourceMap }) };
    });
  }
}

function isWithin(excerpts: readonly Excerpt[]): (line: number, column: number) => boolean {
  const ranges = excerpts.map(({ line, column, text }) => {
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

/** The URL or path of a file; evaluated code counts as a file in the current directory. */
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
 * The source map of a script as JSON, without the texts of the sources, reduced to the wanted positions.
 * @returns undefined if the script has no source map that can be read
 */
function sourceMapFor(
  script: Script,
  isWanted: (line: number, column: number) => boolean,
): string | undefined {
  const map = readSourceMap(script);
  if (map === undefined) return undefined;
  const { version, sources, lines } = map;
  const kept = lines.map((segments, line) =>
    // Without the fifth number, the index of an original name.
    segments
      .filter(([column]) => isWanted(line, column))
      .map((segment) => segment.slice(0, 4) as typeof segment),
  );
  return JSON.stringify({ version, sources, names: [], mappings: encode(kept).replace(/;+$/, '') });
}

/**
 * Maps a position in a script to the file that the script was compiled from. Without a source map, returns
 * the position in the script.
 */
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

/** Source maps by their URL, which contains the whole map where the compiler put it into the script. */
const mapsByUrl = new Map<string, DecodedMap>();

function readSourceMap({ url, sourceMapUrl }: Script): DecodedMap | undefined {
  if (sourceMapUrl === '' || mapsByUrl.has(sourceMapUrl)) return mapsByUrl.get(sourceMapUrl);
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
    if (mapsByUrl.size === MAX_CACHED_MAPS) mapsByUrl.clear();
    mapsByUrl.set(sourceMapUrl, decoded);
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
