import { mainGlobal } from '../reference/realm.ts';

/** Names of globals that came with functions. */
const own = new Set<string>();

/** Sets a variable of a script, a property of the global object there and here; what this program has of the name, it keeps. */
export function setGlobal(name: string, value: unknown): void {
  if (Object.hasOwn(mainGlobal, name) && !own.has(name)) return;
  own.add(name);
  Object.defineProperty(mainGlobal, name, { value, writable: true, enumerable: true, configurable: true });
}
