// Prints where the analysis and V8 are of two minds, as a JSON array of sentences. It is a program of its own because
// the functions of specs are not of the realm that the inspector looks at.
import { Session } from 'node:inspector';
import { runInThisContext } from 'node:vm';
import { shapeOf } from '../../../lib/payload/analysis/function-shape.ts';
import { positionAt } from '../../../lib/payload/analysis/text.ts';

interface RemoteValue {
  readonly value?: unknown;
  readonly objectId?: string;
}

interface Inside {
  readonly line: number;
  readonly column: number;
  /** Names of the variables of the function around it that anything in it uses. */
  readonly captured: readonly string[];
}

const NAMES = ['a', 'b', 'c', 'd'];

/** Made within a function that has the variables `a`, `b`, `c` and `d`, and `arguments`. */
const EXPRESSIONS = `
  a => b
  async a => b
  (a) => c
  async  /*(*/ (a) => { b; var c }
  () => () => [a, arguments]
  function (a) { b }
  function/*(*/ f /*(*/ (a) { f }
  async function* f() { a }
  function * (a = b) { var b }
  () => { { function a() {} } a }
  () => { "use strict"; { function a() {} } a }
  () => { a; { var a } }
  () => { try {} catch ({ a = b }) { a } c }
  ({ a, [b]: c }) => { for (let d of d) d }
  () => ({ a, b: c })
  () => function a() { a; b }
  () => { a: for (;;) break a }
  (b = a) => { var a; (() => c)() }
  class A { m() { a } }
  class A { x; m() {} constructor (q) { a } }
  class extends Object { x = b; m() {} }
`;

const MEMBERS = `
  m (x) { a }
  async m () { b }
  *m () {}
  async  *m () {}
  get m () { a }
  set m (v) { b = v }
  "a b" () {}
  [1 + 1] () {}
  1 () {}
  10n () {}
  get () {}
  static () { c }
  async () {}
  get get () {}
  async* [1] () {}
  function () {}
  class () {}
  async static () {}
  get static () {}
  "static" () {}
`;

const session = new Session();
session.connect();
const disagreements: string[] = [];
for (const text of linesOf(EXPRESSIONS)) compare(text, '(', ')');
for (const text of linesOf(MEMBERS)) {
  compare(text, '({ ', ' })');
  compare(text, '(class { ', ' }).prototype');
  compare(text, '(class { static /*c*/ ', ' })');
}
console.log(JSON.stringify(disagreements));

function linesOf(table: string): string[] {
  return table
    .trim()
    .split('\n')
    .map((line) => line.trim());
}

/** @param before with `after`, what makes an expression of the text */
function compare(text: string, before: string, after: string): void {
  const lead = `(function () { let a, b, c, d; return [\u2028\r\n ${before}`;
  const source = `${lead}${text}${after}][0] })()`;
  const made = runInThisContext(source) as object;
  const subject = (before === '(' ? made : memberOf(made)) as { readonly name: string };
  const printed = Function.prototype.toString.call(subject);
  const shape = shapeOf(printed, { hasPrototype: Object.hasOwn(subject, 'prototype'), name: subject.name });
  const { line, column, captured } = lookInside(subject);
  const where = positionAt(source, source.indexOf(printed, lead.length) + shape.locationOffset);
  if (where.line !== line || where.column !== column) {
    disagreements.push(`${text} is at ${line}:${column}, not at ${where.line}:${where.column}`);
  }
  const free = NAMES.filter((name) => shape.free.has(name));
  if (shape.lexical.arguments) free.push('arguments');
  if (free.join() !== captured.join()) {
    disagreements.push(`${text} captures ${captured.join()}, not ${free.join()}`);
  }
  if (before.startsWith('(class')) compareMember(`${before.slice(1)}${text} }`, printed);
}

function compareMember(text: string, printed: string): void {
  const [member] = shapeOf(text, { hasPrototype: true, name: '' }).class?.members ?? [];
  const found = text.slice(member?.textRange?.start, member?.textRange?.end);
  if (found !== printed) disagreements.push(`${text} has a member that prints ${printed}, not ${found}`);
}

function memberOf(made: object): unknown {
  const isMember = (key: string | symbol): boolean =>
    !['length', 'name', 'prototype'].includes(String(key)) && key !== 'constructor';
  const key = Reflect.ownKeys(made).find(isMember) ?? '';
  const { value, get, set } = Object.getOwnPropertyDescriptor(made, key) ?? {};
  return value ?? get ?? set;
}

function lookInside(value: unknown): Inside {
  Object.assign(globalThis, { subject: value });
  const { objectId } = (post('Runtime.evaluate', { expression: 'subject' }) as { result: RemoteValue })
    .result;
  const slots = propertiesOf(objectId, 'internalProperties');
  const location = slots.get('[[FunctionLocation]]')?.value as { lineNumber: number; columnNumber: number };
  const scopes = propertiesOf(slots.get('[[Scopes]]')?.objectId, 'result');
  const names = [...scopes.values()]
    .slice(0, -1)
    .flatMap(({ objectId: scope }) => [...propertiesOf(scope, 'result').keys()]);
  const captured = [...NAMES, 'arguments'].filter((name) => names.includes(name));
  return { line: location.lineNumber, column: location.columnNumber, captured };
}

function propertiesOf(
  objectId: string | undefined,
  kind: 'result' | 'internalProperties',
): Map<string, RemoteValue> {
  const parameters = { objectId, ownProperties: true };
  type Answer = Record<typeof kind, { name: string; value?: RemoteValue }[]>;
  const properties = (post('Runtime.getProperties', parameters) as Answer)[kind];
  const named = properties.filter(
    ({ name, value }) => value !== undefined && name !== 'length' && name !== '__proto__',
  );
  return new Map(named.map(({ name, value }) => [name, value as RemoteValue]));
}

function post(method: string, parameters: object): unknown {
  let answer: unknown;
  session.post(method, parameters, (error, result) => {
    if (error !== null) throw new Error(`${method}: ${JSON.stringify(error)}`);
    answer = result;
  });
  return answer;
}
