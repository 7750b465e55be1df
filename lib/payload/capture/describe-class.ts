import type { ClassMember, ClassShape } from '../analysis/class-shape.ts';
import type { TextEdit } from '../analysis/text.ts';
import { type ClassNode, HELPERS, type Slot } from '../graph.ts';
import { identityOf } from '../identities.ts';
import { JOB_VARIABLE } from '../main-program.ts';
import { privateMembers } from '../inspect/slots.ts';
import { findVariable } from './bindings.ts';
import { type LiveMember, liveMembers, matchedKeys } from './class-members.ts';
import { type CodeInfo, ownNumber, ownString } from './code-info.ts';
import { isUsual } from './describe-function.ts';
import { stateOf } from './object-state.ts';
import { isStandardGlobal } from './platform.ts';
import { capturePrototype } from './prototypes.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

const ARGUMENTS = `${HELPERS}_arguments`;

/**
 * Describes a class that is sent by value. The job evaluates its text again, but not what ran when the class
 * was created: static fields, static blocks, computed keys and the heritage are replaced by their values.
 */
export function describeClass(sink: CaptureSink, info: CodeInfo): ClassNode {
  const { index, fn, text, place } = info;
  const shape = info.shape.class as ClassShape;
  const live = liveMembers(fn, text, shape);
  const keys: Slot[] = [];
  const edits = [
    ...info.shape.importMetas.map((range) => ({ range, with: `${HELPERS}.meta[${place.file}]` })),
    ...heritageEdits(shape),
    ...shape.members.flatMap((member) => memberEdits(sink, info, member, live, keys)),
    ...constructorEdits(shape),
  ];
  info.edits = withoutNested(edits);
  for (const member of live) describeMember(sink, index, member);
  const heritage =
    shape.heritage === undefined || shape.heritageIsNull ? undefined : (Object.getPrototypeOf(fn) as unknown);
  return {
    kind: 'class',
    place,
    text,
    original: text,
    context: -1,
    id: identityOf(fn),
    ...moduleOf(sink, fn),
    name: ownString(fn, 'name'),
    length: ownNumber(fn, 'length'),
    heritage: sink.slot(heritage, index, { by: 'part', name: 'class it extends' }),
    keys,
    hasPrivates: shape.members.some((member) => member.private),
    privateNames: shape.members.filter(isPrivateField).map(({ name }) => name as string),
    stamp: !needsStamp(shape) ? 'none' : shape.heritage === undefined ? 'base' : 'derived',
    removed: live
      .filter(({ fn: found, key }) => found === undefined && key !== undefined && isRemoved(info, key))
      .map(
        ({ member, key }) =>
          [member.static, sink.slot(key, index, { by: 'part', name: 'removed member' })] as const,
      ),
    ...classState(sink, info, shape),
  };
}

/** Lets a class that comes home in a result be that of the reader's module. */
function moduleOf(sink: CaptureSink, type: object): Partial<ClassNode> {
  const module = sink.references.moduleOf(type);
  return module === undefined ? {} : { module, isOfJob: process.env[JOB_VARIABLE] !== undefined };
}

function classState(sink: CaptureSink, { index, fn }: CodeInfo, shape: ClassShape): Partial<ClassNode> {
  const skipped: PropertyKey[] = ['prototype', ...matchedKeys(fn, true)];
  if (isUsual(fn, 'name')) skipped.push('name');
  if (isUsual(fn, 'length')) skipped.push('length');
  capturePrototype(sink, index, fn);
  const { prototype: _made, ...state } = stateOf(sink, index, fn, 'Function.prototype', skipped);
  if (!shape.members.some((member) => isPrivateField(member) && member.static)) return state;
  const fields = privateMembers(fn).filter(({ kind }) => kind === 'field');
  const privates = fields.map(
    ({ name, value }) => [index, name, sink.slot(value, index, { by: 'private', name })] as const,
  );
  return { ...state, privates };
}

function heritageEdits({ heritage, heritageIsNull }: ClassShape): TextEdit[] {
  return heritage === undefined || heritageIsNull ? [] : [{ range: heritage, with: `${HELPERS}_heritage` }];
}

function memberEdits(
  sink: CaptureSink,
  info: CodeInfo,
  member: ClassMember,
  live: readonly LiveMember[],
  keys: Slot[],
): TextEdit[] {
  const { kind, key, computed, value, range } = member;
  if (kind === 'static-block') return [{ range, with: ';' }];
  if (kind === 'field' && member.static)
    return [{ range: member.private && key !== undefined ? { ...range, start: key.end } : range, with: ';' }];
  const edits: TextEdit[] = [];
  if (computed && key !== undefined && member.name === undefined) {
    const found = live.find((candidate) => candidate.member === member)?.key;
    if (kind === 'field' && isGlobalKey(info, member)) return edits;
    const actual = kind === 'field' ? fieldKey(info, member) : (found ?? `a removed member ${keys.length}`);
    edits.push({ range: key, with: `[${HELPERS}_keys[${keys.length}]]` });
    keys.push(sink.slot(actual, info.index, { by: 'part', name: 'computed key' }));
  }
  if (
    kind === 'field' &&
    value !== undefined &&
    !member.valueIsAnonymousFunction &&
    needsStamp(info.shape.class as ClassShape)
  ) {
    edits.push({ range: { start: value.start, end: value.start }, with: `${HELPERS}.stamping?undefined:(` });
    edits.push({ range: { start: value.end, end: value.end }, with: ')' });
  }
  return edits;
}

/** Whether a computed key, such as `[Symbol.iterator]`, means the same wherever it is evaluated. */
function isGlobalKey({ inside, text }: CodeInfo, { key, keyNames }: ClassMember): boolean {
  const written = text.slice(key?.start, key?.end);
  return (
    /^\[\s*[\w$]+(?:\.[\w$]+)*\s*\]$/.test(written) &&
    keyNames.every(
      (name) => isStandardGlobal(name, inside.global) && findVariable(inside, name) === undefined,
    )
  );
}

/**
 * The value of a computed field key, which can be read only if the key is a captured variable.
 * @throws {Refusal} if it cannot be read
 */
function fieldKey({ inside, text }: CodeInfo, { key, keyNames }: ClassMember): PropertyKey {
  const written = text.slice(key?.start, key?.end).slice(1, -1).trim();
  const found = keyNames.length === 1 && keyNames[0] === written ? findVariable(inside, written) : undefined;
  const value = found?.scope.variables[written];
  if (typeof value === 'string' || typeof value === 'symbol' || typeof value === 'number') return value;
  throw new Refusal(
    `a class with the computed field [${written}], whose name cannot be read any more`,
    'Set that field in the constructor.',
  );
}

/** Makes the constructor only install private members if it is called with the stamp. */
function constructorEdits(shape: ClassShape): TextEdit[] {
  const { ctor, heritage } = shape;
  if (ctor === undefined || !needsStamp(shape)) return [];
  const { range, parameters, body } = ctor;
  const install = `if(${ARGUMENTS}[0]===${HELPERS}.stamp){${heritage === undefined ? '' : 'super();'}return}`;
  return [
    {
      range: { start: range.start, end: parameters.start - 1 },
      with: `constructor(...${ARGUMENTS}){${install}return(`,
    },
    { range: at(parameters.end + 1), with: '=>' },
    { range: at(body.end + 1), with: `)(...${ARGUMENTS})}` },
  ];
}

/** Drops edits within a range that another edit replaces as a whole. */
function withoutNested(edits: readonly TextEdit[]): TextEdit[] {
  return edits.filter(
    ({ range }) =>
      !edits.some(
        (outer) =>
          outer.range !== range &&
          outer.range.start <= range.start &&
          outer.range.end >= range.end &&
          outer.range.end - outer.range.start > range.end - range.start,
      ),
  );
}

/** Describes a function as a member, because the text of the class creates it. */
function describeMember(sink: CaptureSink, owner: number, { member, key, part, fn }: LiveMember): void {
  if (fn === undefined) return;
  const slot = sink.slot(key, owner, { by: 'part', name: 'computed key' });
  const node = { kind: 'member', class: owner, static: member.static, key: slot, part } as const;
  const known = sink.indexOf(fn);
  if (known === undefined) sink.addNode(node, fn, owner, { by: 'property', key });
  else sink.replaceByMember(known, node);
}

function isRemoved({ fn }: CodeInfo, key: PropertyKey): boolean {
  return !Object.hasOwn(fn, key) && !Object.hasOwn(fn.prototype as object, key);
}

function isPrivateField(member: ClassMember): boolean {
  return member.private && member.kind === 'field';
}

function needsStamp({ members }: ClassShape): boolean {
  return members.some((member) => member.private && !member.static);
}

function at(offset: number): TextEdit['range'] {
  return { start: offset, end: offset };
}
