import { runInThisContext } from 'node:vm';
import { mainGlobal } from './realm.ts';

/** What the language has without a global name, by names like `%AsyncFunction%`; none where evaluating code is forbidden. */
export function hiddenIntrinsics(realm: typeof globalThis): Readonly<Record<string, object>> {
  let hidden = found.get(realm);
  if (hidden === undefined) {
    hidden = evaluate(realm);
    found.set(realm, hidden);
  }
  return hidden;
}

const found = new WeakMap<object, Readonly<Record<string, object>>>();

function evaluate(realm: typeof globalThis): Readonly<Record<string, object>> {
  try {
    const hidden: unknown =
      realm === mainGlobal ? runInThisContext(HIDDEN) : new realm.Function(`return ${HIDDEN}`)();
    return hidden as Record<string, object>;
  } catch {
    return {};
  }
}

/** Text, since it has to run in the realm that is asked for. */
const HIDDEN = `(() => {
  const up = Object.getPrototypeOf;
  const helpers = typeof Iterator === 'function' && typeof Iterator.from === 'function' && {
    '%IteratorHelperPrototype%': up([].values().map((x) => x)),
    '%WrapForValidIteratorPrototype%': up(Iterator.from({ next() {} })),
  };
  return {
    '%TypedArray%': up(Int8Array),
    '%AsyncFunction%': (async () => {}).constructor,
    '%GeneratorFunction%': (function* () {}).constructor,
    '%AsyncGeneratorFunction%': (async function* () {}).constructor,
    '%IteratorPrototype%': up(up([].values())),
    '%AsyncIteratorPrototype%': up(up((async function* () {}).prototype)),
    '%ArrayIteratorPrototype%': up([].values()),
    '%MapIteratorPrototype%': up(new Map().values()),
    '%SetIteratorPrototype%': up(new Set().values()),
    '%StringIteratorPrototype%': up(''[Symbol.iterator]()),
    '%RegExpStringIteratorPrototype%': up(/./[Symbol.matchAll]('')),
    '%ThrowTypeError%': Object.getOwnPropertyDescriptor((function () { 'use strict'; return arguments; })(), 'callee').get,
    ...helpers,
  };
})()`;
