import { valueOf } from './properties.ts';

/** The default export of an ES module; undefined if it has none yet. */
export function defaultOf(namespace: object): unknown {
  try {
    return valueOf(namespace, 'default');
  } catch {
    // The module has not run so far.
    return undefined;
  }
}

/** Whether a namespace has no names that Node does not make of a module's exports. */
export function isNamespaceOf(namespace: object, exported: object): boolean {
  return Object.keys(namespace).every(
    (name) => name === 'default' || name === 'module.exports' || name in exported,
  );
}
