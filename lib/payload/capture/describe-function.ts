import type { FunctionShape } from '../analysis/function-shape.ts';
import type { TextEdit } from '../analysis/text.ts';
import { type FunctionNode, HELPERS, type ObjectState, type Slot } from '../graph.ts';
import { bindsOwnName } from './bindings.ts';
import { type CodeInfo, ownNumber, ownString } from './code-info.ts';
import { lexicalNewTarget, lexicalThis } from './lexical.ts';
import { stateOf } from './object-state.ts';
import { capturePrototype, constructorId } from './prototypes.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/** Describes a function that is sent by value. */
export function describeFunction(sink: CaptureSink, info: CodeInfo): FunctionNode {
  const { index, fn, text, shape, place } = info;
  const home = shape.kind === 'arrow' ? undefined : sink.homeOf(fn);
  const usesSuper = shape.lexical.super && home !== undefined;
  const { before, after } = frameOf(shape, usesSuper);
  info.edits = editsOf(info);
  const usesThis = shape.kind === 'arrow' && shape.lexical.this;
  const self = usesThis ? lexicalThis(fn, shape, sink.options) : undefined;
  const part = (value: unknown, name: string): Slot => sink.slot(value, index, { by: 'lexical', name });
  const id = constructorId(sink, fn, text);
  const node: FunctionNode = {
    kind: 'function',
    place,
    before,
    text,
    after,
    strict: isStrict(info, usesThis && !isObject(self)),
    ...(id === undefined ? {} : { id }),
    context: -1,
    name: ownString(fn, 'name'),
    length: ownNumber(fn, 'length'),
    ...(info.edits.length === 0 ? {} : { original: text }),
    ...(info.bindings.length > 0 && info.bindings.every(({ scope }) => scope.type === 'module')
      ? { ofModule: true }
      : {}),
    ...functionState(sink, index, fn),
  };
  if (usesSuper) node.home = part(home, 'home object');
  if (shape.kind === 'arrow') {
    if (usesThis) node.self = part(self, '`this`');
    if (shape.lexical.newTarget) {
      const target = lexicalNewTarget(fn, shape, sink.options);
      if (target !== undefined) node.newTarget = part(target, '`new.target`');
    }
    if (shape.lexical.arguments) node.arguments = [part(lexicalArguments(info), '`arguments`')];
  }
  return node;
}

/** The state that a function has like any other object. */
function functionState(sink: CaptureSink, index: number, fn: CodeInfo['fn']): ObjectState {
  const skipped: string[] = ['arguments', 'caller'];
  if (isUsual(fn, 'name')) skipped.push('name');
  if (isUsual(fn, 'length')) skipped.push('length');
  if (capturePrototype(sink, index, fn)) skipped.push('prototype');
  return stateOf(sink, index, fn, prototypeNameOf(fn), skipped);
}

/**
 * Whether `name` or `length` looks as in a new function, so that it is sent apart from the properties; in a
 * frozen function it does not.
 */
export function isUsual(fn: CodeInfo['fn'], key: 'name' | 'length'): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(fn, key);
  const type = key === 'name' ? 'string' : 'number';
  return descriptor === undefined || (typeof descriptor.value === type && descriptor.configurable === true);
}

/** The text to put around a function's text to get an expression whose value is the function. */
function frameOf({ kind }: FunctionShape, usesSuper: boolean): { before: string; after: string } {
  const holder = usesSuper ? `{__proto__:${HELPERS}.home,` : '{';
  switch (kind) {
    case 'method':
      return { before: `${HELPERS}.first(${holder}`, after: '})' };
    case 'getter':
    case 'setter':
      return { before: `${HELPERS}.${kind}(${holder}`, after: '})' };
    default:
      return { before: '(', after: ')' };
  }
}

function editsOf({ fn, shape, inside, text, place }: CodeInfo): TextEdit[] {
  const edits: TextEdit[] = shape.importMetas.map((range) => ({
    range,
    with: `${HELPERS}.meta[${place.file}]`,
  }));
  if (shape.keyRange !== undefined) {
    const key = text.slice(shape.keyRange.start, shape.keyRange.end);
    if (shape.privateKey) {
      throw new Refusal(
        'a private method, without its class',
        'Submit the object, or wrap the call in an arrow function.',
      );
    }
    // A computed key cannot be evaluated in the job; the name is restored afterwards.
    if (key === '' || key.startsWith('[')) edits.push({ range: shape.keyRange, with: '"computed"' });
  }
  if (shape.ownNameRange !== undefined && (shape.isDeclaration || bindsOwnName({ fn, shape, inside }))) {
    edits.push({ range: shape.ownNameRange, with: '' });
  }
  return edits;
}

/** The `arguments` around an arrow: those of a function, or a variable of sloppy code. */
function lexicalArguments({ inside, shape }: CodeInfo): unknown {
  const scope = inside.scopes.find(({ variables }) => Object.hasOwn(variables, 'arguments'));
  if (scope === undefined) {
    throw new Refusal(
      'an arrow function whose `arguments` cannot be read',
      'Use a rest parameter around it instead.',
    );
  }
  if (shape.lexical.writesArguments) {
    throw new Refusal(
      'an arrow function that assigns to the `arguments` around it',
      'Give that variable another name.',
    );
  }
  return scope.variables['arguments'];
}

/**
 * Whether the code is strict. Plain functions show it; others count as strict only where that is certain,
 * because correct strict code also works as sloppy code.
 */
function isStrict({ fn, shape, inside, script }: CodeInfo, hasPrimitiveThis: boolean): boolean {
  if (shape.strictDirective || shape.privateNames.length > 0) return true;
  if (Object.hasOwn(fn, 'prototype') && shape.kind === 'function' && !shape.async && !shape.generator) {
    try {
      void (fn as { caller?: unknown }).caller;
      return false;
    } catch {
      return true;
    }
  }
  // In sloppy code `this` is always an object.
  if (hasPrimitiveThis) return true;
  return inside.scopes.some(({ type }) => type === 'module') || /\.m[jt]s$/.test(script?.url ?? '');
}

function isObject(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** The name of the default prototype of a function of this kind. */
function prototypeNameOf(fn: CodeInfo['fn']): string {
  const tag: unknown = (Object.getPrototypeOf(fn) as Record<symbol, unknown> | null)?.[Symbol.toStringTag];
  return typeof tag === 'string' && tag.endsWith('Function') ? `%${tag}%.prototype` : 'Function.prototype';
}
