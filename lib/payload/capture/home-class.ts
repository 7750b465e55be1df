import { countLineBreaks } from '../analysis/positions.ts';
import type { Capture } from './capture.ts';
import type { CodeInfo } from './code-info.ts';
import { lexicalThis } from './lexical.ts';
import { Refusal } from './trail.ts';
import { textOf } from '../originals.ts';

/**
 * The node of the class in whose body a function stands, whose private names it uses. V8 does not tell which that is: it is the one
 * among the classes at hand whose text is around the function's.
 * @throws {Refusal} if there is none
 */
export function homeClassOf(capture: Capture, info: CodeInfo): number {
  for (const candidate of candidates(capture, info)) {
    if (!textOf(candidate).startsWith('class') || !textOf(candidate).includes(info.text)) continue;
    const [index] = capture.slot(candidate, info.index, {
      by: 'part',
      name: 'class it stands in',
    }) as readonly [number];
    // Its own place is known once it is captured; until then its text has to do.
    const home = capture.code.infoOf(index);
    if (home === undefined || isAround(home, info)) return index;
  }
  throw new Refusal(
    `a function that uses ${info.shape.privateNames.join(', ')}, without the class that declares it`,
    'Submit an object of the class as argument, and call its method inside the function.',
  );
}

function* candidates(capture: Capture, info: CodeInfo): Generator<object> {
  for (const other of capture.code.infos) if (other.shape.kind === 'class') yield other.fn;
  for (const { variables } of info.inside.scopes) {
    for (const value of Object.values(variables)) if (typeof value === 'function') yield value;
  }
  if (info.shape.kind !== 'arrow' || !info.shape.lexical.this) return;
  const self = lexicalThis(info.fn, info.shape, capture.options);
  if (typeof self === 'function') yield self;
  if (typeof self !== 'object' || self === null) return;
  for (
    let prototype = Object.getPrototypeOf(self) as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof owner === 'function') yield owner;
  }
}

function isAround(home: CodeInfo, { place }: CodeInfo): boolean {
  const { line, column, file } = home.place;
  if (place.file !== file || place.line < line) return false;
  return place.line <= line + countLineBreaks(home.text) && (place.line > line || place.column > column);
}
