import { intrinsicOf } from '../reference/intrinsics.ts';
import { LANGUAGE_GLOBALS, LAZY_GLOBALS, NODE_GLOBALS, SINGLETONS } from '../reference/intrinsic-names.ts';
import { mainGlobal } from '../reference/realm.ts';

/**
 * Whether a name is that of a global of JavaScript or Node, which a job has of its own. Where a program put its own in the place of
 * one, it is the program's.
 */
export function isStandardGlobal(name: string, global: object): boolean {
  // To look at one of these would load it, which takes long.
  if (LAZY_GLOBALS.has(name)) return true;
  if (!STANDARD.has(name)) return false;
  // Test environments have stand-ins for most of them.
  if (global !== mainGlobal) return true;
  const value: unknown = Object.getOwnPropertyDescriptor(global, name)?.value;
  const isReplaceable = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return !isReplaceable || intrinsicOf(value, global) !== undefined;
}

const STANDARD: ReadonlySet<string> = new Set([
  ...LANGUAGE_GLOBALS,
  ...NODE_GLOBALS,
  ...SINGLETONS.values(),
  'process',
  'console',
  'localStorage',
  'sessionStorage',
  'undefined',
  'NaN',
  'Infinity',
  'globalThis',
  'global',
]);
