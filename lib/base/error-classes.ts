/**
 * Sets the `name` of errors of each class, which their stacks show and by which they are recognized where
 * they are read again. The names are written out because minifiers change those of classes.
 */
export function setNames(classes: Readonly<Record<string, { readonly prototype: Error }>>): void {
  for (const [name, { prototype }] of Object.entries(classes)) prototype.name = name;
}

/**
 * Copies the named fields of `from` to an error, also those that are undefined. The error's class has them
 * with `declare`, so that their definition does not overwrite what the constructor of its base class copied.
 */
export function setFields<E extends Error, K extends keyof E>(
  error: E,
  from: Partial<Pick<E, K>>,
  names: readonly K[],
): void {
  Object.assign(error, Object.fromEntries(names.map((name) => [name, from[name]])));
}
