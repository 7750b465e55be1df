import { builtinOf } from '../reference/builtin-modules.ts';
import type { Reference } from '../reference/reference.ts';
import { intrinsicOfAnyRealm } from './realms.ts';

/** What an object is by the nearest prototype that belongs to the platform rather than to a program. */
export type Nature =
  /** Its properties are all there is of it. */
  | { readonly is: 'plain' }
  | { readonly is: 'emitter' }
  /** More than its properties; `type` as in rebuilt.ts. */
  | { readonly is: 'platform'; readonly type: string; readonly origin: string };

export function natureOf(object: object): Nature {
  for (
    let prototype = Object.getPrototypeOf(object) as object | null;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype) as object | null
  ) {
    const reference = intrinsicOfAnyRealm(prototype) ?? builtinOf(prototype);
    if (reference === undefined) continue;
    const name = nameOf(reference);
    if (PLAIN.has(name)) return { is: 'plain' };
    if (EMITTERS.has(name)) return { is: 'emitter' };
    const origin = reference.kind === 'builtin' ? ` (node:${reference.module})` : '';
    return { is: 'platform', type: name.replace(/\.prototype$/, ''), origin };
  }
  return { is: 'plain' };
}

/** Whether a prototype is one that JavaScript or Node brings. */
export function isOfPlatform(prototype: object): boolean {
  return (intrinsicOfAnyRealm(prototype) ?? builtinOf(prototype)) !== undefined;
}

/** The name of a prototype of the language, such as `Array.prototype`. */
export function intrinsicName(prototype: object): string | undefined {
  const reference = intrinsicOfAnyRealm(prototype);
  return reference === undefined ? undefined : nameOf(reference);
}

/** Objects below these need nothing but their properties. */
const PLAIN: ReadonlySet<string> = new Set([
  'Object.prototype',
  'Array.prototype',
  'Function.prototype',
  'Error.prototype',
  'EvalError.prototype',
  'RangeError.prototype',
  'ReferenceError.prototype',
  'SyntaxError.prototype',
  'TypeError.prototype',
  'URIError.prototype',
  'AggregateError.prototype',
]);

const EMITTERS: ReadonlySet<string> = new Set(['events.prototype', 'events.EventEmitter.prototype']);

function nameOf(reference: Reference): string {
  if (reference.kind === 'intrinsic') return reference.path;
  if (reference.kind !== 'builtin') return '';
  return [
    reference.module,
    ...reference.path.map((step) => (typeof step === 'string' ? step : step.symbol)),
  ].join('.');
}
