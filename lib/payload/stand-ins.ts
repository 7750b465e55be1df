/** Notes that an object stands in for another, which is the one to be sent: a twin of a class for the class itself. */
export function noteStandIn(object: object, original: object): void {
  standIns.set(object, original);
}

/** What an object stands in for, or the object itself. */
export function originalOf<T extends object>(object: T): T {
  return (standIns.get(object) as T | undefined) ?? object;
}

const standIns = new WeakMap<object, object>();
