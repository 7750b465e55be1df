import { intrinsicOf } from '../reference/intrinsics.ts';

/** Global objects of other realms that values were found to come from, such as those of `vm` contexts. */
const realms: WeakRef<object>[] = [];

export function noteRealm(global: object): void {
  if (global === globalThis || realms.some((realm) => realm.deref() === global)) return;
  for (let at = realms.length - 1; at >= 0; at -= 1)
    if (realms[at]?.deref() === undefined) realms.splice(at, 1);
  realms.push(new WeakRef(global));
}

/** Prototypes whose realm has been looked for. */
const known = new WeakSet<object>();

/** As {@link intrinsicOf}, in whichever realm. */
export function intrinsicOfAnyRealm(value: object | symbol): ReturnType<typeof intrinsicOf> {
  const found = intrinsicOf(value);
  if (found !== undefined) return found;
  for (const realm of realms) {
    const global = realm.deref();
    const there = global === undefined ? undefined : intrinsicOf(value, global);
    if (there !== undefined) return there;
  }
  return undefined;
}

/** Notes the realm of an object, by what its Object.prototype says. */
export function noteRealmOf(object: object): void {
  const direct = Object.getPrototypeOf(object) as object | null;
  if (direct === null || known.has(direct)) return;
  known.add(direct);
  let root = object;
  for (
    let above = Object.getPrototypeOf(root) as object | null;
    above !== null;
    above = Object.getPrototypeOf(root) as object | null
  ) {
    root = above;
  }
  if (intrinsicOf(root) !== undefined) return;
  const owner: unknown = Object.getOwnPropertyDescriptor(root, 'constructor')?.value;
  if (
    typeof owner !== 'function' ||
    Function.prototype.toString.call(owner) !== 'function Object() { [native code] }'
  )
    return;
  const make = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(owner) as object, 'constructor')
    ?.value as ((text: string) => () => object) | undefined;
  try {
    // The Function of a realm makes functions of that realm.
    if (make !== undefined) noteRealm(make('return globalThis')());
  } catch {
    // Code cannot be made from text there.
  }
}
