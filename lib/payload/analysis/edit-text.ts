import { countLineBreaks } from './positions.ts';
import type { Range } from './range.ts';

export interface TextEdit {
  readonly range: Range;
  readonly with: string;
}

/**
 * Replaces stretches of a text. A stretch that covers line breaks is replaced with at least as many, behind the new
 * text, so that what stands below stays on its line.
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
