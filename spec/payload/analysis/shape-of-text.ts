import { type FunctionShape, shapeOf } from '../../../lib/payload/analysis/function-shape.ts';

/** The shape of a function whose text it is, and whose other properties are what they mostly are. */
export function shapeOfText(text: string, strict?: boolean): FunctionShape {
  return shapeOf(text, {
    hasPrototype: /^(function|class|async function\s*\*)/.test(text),
    name: 'f',
    strict,
  });
}

/** @returns its free names in alphabetical order, with `!` behind those that it writes */
export function freeNames(text: string, strict?: boolean): string {
  return [...shapeOfText(text, strict).free.values()]
    .map(({ name, written }) => (written ? `${name}!` : name))
    .toSorted()
    .join(' ');
}
