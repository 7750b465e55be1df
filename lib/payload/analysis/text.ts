/** A 0-based position in a text as V8 counts it, with columns in UTF-16 units. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * The offset of a position.
 * @returns -1 if the text has no such line
 */
export function offsetAt(text: string, line: number, column: number): number {
  const start = lineStartsOf(text)[line];
  return start === undefined ? -1 : start + column;
}

/** The position of an offset. */
export function positionAt(text: string, offset: number): Position {
  const starts = lineStartsOf(text);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low, column: offset - (starts[low] ?? 0) };
}

/** The number of line breaks in a text. */
export function countLineBreaks(text: string): number {
  return text.match(LINE_BREAK)?.length ?? 0;
}

const LINE_BREAK = /\r\n|[\n\r\u2028\u2029]/g;

/** The latest text and its line starts: one text is used many times in a row, and may be megabytes long. */
let latest: { readonly text: string; readonly starts: readonly number[] } = { text: '', starts: [0] };

function lineStartsOf(text: string): readonly number[] {
  if (latest.text !== text) {
    const starts = [0];
    for (const lineBreak of text.matchAll(LINE_BREAK)) starts.push(lineBreak.index + lineBreak[0].length);
    latest = { text, starts };
  }
  return latest.starts;
}

export interface TextEdit {
  readonly range: Range;
  readonly with: string;
}

/**
 * Replaces ranges of a text. Line breaks that an edit removes are added after its replacement, so that later
 * lines keep their numbers.
 * @param edits in any order; two insertions at one place are made in the order given
 * @throws {RangeError} if two of them overlap
 */
export function editText(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
  let result = '';
  let offset = 0;
  for (const { range, with: replacement } of ordered) {
    if (range.start < offset) throw new RangeError(`Edits overlap at offset ${range.start}`);
    const missing = countLineBreaks(text.slice(range.start, range.end)) - countLineBreaks(replacement);
    result += text.slice(offset, range.start) + replacement + '\n'.repeat(Math.max(0, missing));
    offset = range.end;
  }
  return result + text.slice(offset);
}

/** A range of offsets in a text; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}
