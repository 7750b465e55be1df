/**
 * Gives each class its name, which `error.name` and the stack have, and by which errors travel. In one table, because the names of
 * classes do not outlive every minifier.
 */
export function setNames(classes: Readonly<Record<string, { readonly prototype: Error }>>): void {
  for (const [name, { prototype }] of Object.entries(classes)) prototype.name = name;
}
