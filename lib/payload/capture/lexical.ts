import type { FunctionShape } from '../analysis/function-shape.ts';
import { positionAt } from '../analysis/text.ts';
import { type EnterRules, evaluateInside } from '../inspect/enter.ts';
import { lookInside } from '../inspect/scopes.ts';
import { propertyOf, type SomeFunction } from '../reference/members.ts';
import type { CaptureOptions } from './capture-options.ts';
import type { Binding, CodeInfo } from './code-info.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink } from './sink.ts';

/**
 * Reads the `this` around an arrow function. It never changes, so it is read only once.
 * @throws {Refusal} if reading it might run the function
 */
export function lexicalThis(fn: SomeFunction, shape: FunctionShape, options: CaptureOptions): unknown {
  return readLexical(fn, 'this', shape, options, 'Write `const self = this` outside of it, and use `self`.');
}

/**
 * Reads the `new.target` around an arrow function.
 * @throws {Refusal} if reading it might run the function
 */
export function lexicalNewTarget(fn: SomeFunction, shape: FunctionShape, options: CaptureOptions): unknown {
  return readLexical(
    fn,
    'new.target',
    shape,
    options,
    'Write `const target = new.target` outside of it, and use `target`.',
  );
}

export function enterRules(shape: FunctionShape): EnterRules {
  const { plainParameters, unsafeToEnter, kind, text, locationOffset, entryEnd } = shape;
  const entry = positionAt(text.slice(locationOffset), entryEnd - locationOffset);
  return { plainParameters, unsafeToEnter, isClass: kind === 'class', entry };
}

const cachedValues = {
  this: new WeakMap<SomeFunction, { value: unknown }>(),
  'new.target': new WeakMap<SomeFunction, { value: unknown }>(),
};

function readLexical(
  fn: SomeFunction,
  what: keyof typeof cachedValues,
  shape: FunctionShape,
  { captureThis }: CaptureOptions,
  remedy: string,
): unknown {
  const known = cachedValues[what].get(fn);
  if (known !== undefined) return known.value;
  if (captureThis === 'never') {
    throw new Refusal(
      `an arrow function that uses the \`${what}\` around it, with captureThis: 'never'`,
      remedy,
    );
  }
  const entered = evaluateInside(fn, what, enterRules(shape));
  if (!entered.ok)
    throw new Refusal(`an arrow function whose \`${what}\` cannot be read: ${entered.why}`, remedy);
  cachedValues[what].set(fn, { value: entered.value });
  return entered.value;
}

/**
 * Refuses an `arguments` object in sloppy code where a captured function assigns to a parameter, because that
 * changes the element, too, which no other object does.
 * @throws {SerializationError}
 */
export function refuseSharedArguments(sink: CaptureSink, values: readonly (object | symbol)[]): void {
  for (const [index, node] of sink.nodes.entries())
    if (node?.kind === 'arguments')
      sink.guard(index, () => refuseIfShared(values[index] as object, sink.codeInfos));
}

function refuseIfShared(object: object, infos: Iterable<CodeInfo>): void {
  if (propertyOf(object, 'callee')?.get !== undefined) return;
  const elements = Object.keys(object).filter((key) => propertyOf(object, key)?.writable === true);
  const before = elements.map((key) => propertyOf(object, key)?.value);
  for (const { fn, bindings } of infos) {
    const written = bindings.filter(({ written: isWritten, value }) => isWritten && before.includes(value));
    const name = written.length > 0 ? sharedName(object, elements, fn, written) : undefined;
    if (name === undefined) continue;
    throw new Refusal(
      `\`arguments\` that change where a function assigns to \`${name}\``,
      "Use a rest parameter, [...arguments], or 'use strict', which keep them apart.",
    );
  }
}

/** Finds a variable of a function that is an element of its `arguments`: it changes with the elements. */
function sharedName(
  object: object,
  elements: readonly string[],
  fn: SomeFunction,
  bindings: readonly Binding[],
): string | undefined {
  const before = elements.map((key) => propertyOf(object, key)?.value);
  const probe = Symbol('probe');
  try {
    for (const key of elements) Reflect.set(object, key, probe);
    const scopes = lookInside([fn])[0]?.scopes;
    return bindings.find(({ name, depth }) => scopes?.[depth]?.variables[name] === probe)?.name;
  } finally {
    elements.forEach((key, at) => Reflect.set(object, key, before[at]));
  }
}
