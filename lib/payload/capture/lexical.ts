import type { FunctionShape } from '../analysis/function-shape.ts';
import { positionAt } from '../analysis/text.ts';
import { type EnterRules, evaluateInside } from '../inspect/enter.ts';
import type { SomeFunction } from '../reference/members.ts';
import type { CaptureOptions } from './capture-options.ts';
import { Refusal } from './refusal.ts';

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
