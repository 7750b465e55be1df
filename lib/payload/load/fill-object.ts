import {
  ACCESSOR,
  CONFIGURABLE,
  ENUMERABLE,
  PLAIN_PROPERTY,
  WRITABLE,
  type Node,
  type ObjectState,
  type Properties,
  type Slot,
} from '../graph.ts';
import type { CodeLoader } from './code-loader.ts';
import { settlePromise } from './make-shell.ts';

/** What is there of a graph while it is being loaded. */
export interface Filling {
  value(slot: Slot): unknown;
  node(index: number): Node;
  readonly code: CodeLoader;
}

/** Gives an object that was made bare what belongs to it: prototype, properties, entries, private fields. */
export function fillObject(loader: Filling, index: number, node: Node): void {
  const made = loader.value([index]) as object;
  if (node.kind === 'function' || node.kind === 'class' || node.kind === 'bound') {
    defineOwn(made, 'name', node.name);
    defineOwn(made, 'length', node.length);
  }
  fillEntries(loader, made, node);
  const state = node as ObjectState;
  if (state.prototype !== undefined && state.brands === undefined) {
    const prototype = loader.value(state.prototype) as object | null;
    if (Object.getPrototypeOf(made) !== prototype) Object.setPrototypeOf(made, prototype);
  }
  if (state.properties !== undefined) defineProperties(loader, made, state.properties);
  for (const [owner, name, value] of state.privates ?? []) {
    loader.code.brand(owner).access?.fields[name]?.[1](made, loader.value(value));
  }
}

/** The name or length of a function, unless it has it by itself already. */
function defineOwn(fn: object, key: 'name' | 'length', value: unknown): void {
  const present = Object.getOwnPropertyDescriptor(fn, key);
  if (value === undefined) Reflect.deleteProperty(fn, key);
  else if (value !== null && present?.value !== value) {
    Object.defineProperty(fn, key, { value, configurable: true, enumerable: false, writable: false });
  }
}

function fillEntries(loader: Filling, made: object, node: Node): void {
  const value = (slot: Slot): unknown => loader.value(slot);
  switch (node.kind) {
    // By the methods of the language: a subclass may have its own.
    case 'map':
      forPairs(node.entries, (key, entry) => Map.prototype.set.call(made, value(key), value(entry)));
      break;
    case 'set':
      for (const entry of node.entries) Set.prototype.add.call(made, value(entry));
      break;
    case 'weak-map':
      forPairs(node.entries, (key, entry) => addWeakly(made, value(key) as object, value(entry)));
      break;
    case 'weak-set':
      for (const entry of node.entries) WeakSet.prototype.add.call(made, value(entry) as object);
      break;
    case 'promise':
      settlePromise(made as Promise<unknown>, node.state, value(node.value));
      break;
    default:
  }
}

/** What this process had already is newer. */
function addWeakly(collection: object, key: object, value: unknown): void {
  if (WeakMap.prototype.has.call(collection, key)) return;
  WeakMap.prototype.set.call(collection, key, value);
}

function forPairs(entries: readonly Slot[], act: (key: Slot, value: Slot) => void): void {
  for (let at = 0; at < entries.length; at += 2) act(entries[at], entries[at + 1]);
}

function defineProperties(loader: Filling, made: object, { keys, values, flags, setters }: Properties): void {
  keys.forEach((slot, at) => {
    const key = loader.value(slot) as PropertyKey;
    const bits = flags?.[at] ?? PLAIN_PROPERTY;
    const common = { enumerable: (bits & ENUMERABLE) !== 0, configurable: (bits & CONFIGURABLE) !== 0 };
    const value = loader.value(values[at]);
    if ((bits & ACCESSOR) === 0) {
      Object.defineProperty(made, key, { ...common, value, writable: (bits & WRITABLE) !== 0 });
    } else {
      const accessor = {
        get: value as () => unknown,
        set: loader.value(setters?.[at]) as (v: unknown) => void,
      };
      Object.defineProperty(made, key, { ...common, ...accessor });
    }
  });
}
