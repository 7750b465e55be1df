import type { FunctionShape } from '../analysis/function-shape.ts';
import { type EnterRules, evaluateInside } from '../inspect/enter.ts';
import type { CaptureOptions } from './capture-options.ts';
import { Refusal } from './refusal.ts';

type AnyFunction = (...args: never[]) => unknown;

/**
 * The `this` around an arrow function. It never changes, so it is read once.
 * @throws {Refusal} if reading it might run the function
 */
export function lexicalThis(fn: AnyFunction, shape: FunctionShape, options: CaptureOptions): unknown {
  return read(fn, 'this', shape, options, 'Write `const self = this` outside of it, and use `self`.');
}

export function lexicalNewTarget(fn: AnyFunction, shape: FunctionShape, options: CaptureOptions): unknown {
  return read(
    fn,
    'new.target',
    shape,
    options,
    'Write `const target = new.target` outside of it, and use `target`.',
  );
}

export function enterRules({ plainParameters, unsafeToEnter, kind, generator }: FunctionShape): EnterRules {
  return { plainParameters, unsafeToEnter, isClass: kind === 'class', isGenerator: generator };
}

const values = {
  this: new WeakMap<AnyFunction, { value: unknown }>(),
  'new.target': new WeakMap<AnyFunction, { value: unknown }>(),
};

function read(
  fn: AnyFunction,
  what: keyof typeof values,
  shape: FunctionShape,
  { captureThis }: CaptureOptions,
  remedy: string,
): unknown {
  const known = values[what].get(fn);
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
  values[what].set(fn, { value: entered.value });
  return entered.value;
}
