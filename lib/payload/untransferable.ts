/** Says of a class that its objects cannot travel, and what to do instead. */
export function cannotTravel(type: { readonly prototype: object }, what: string, remedy: string): void {
  reasons.set(type.prototype, [what, remedy]);
}

/** Why an object cannot travel, if its class says so. */
export function whyNot(object: object): readonly [what: string, remedy: string] | undefined {
  for (let at = object as object | null; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

const reasons = new WeakMap<object, readonly [string, string]>();
