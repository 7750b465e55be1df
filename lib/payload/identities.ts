import { nanoid } from 'nanoid';

/**
 * Ids of classes and local symbols that travel by value. A class that arrives twice, or comes home in a result, is one class:
 * whoever made or loaded it knows it by its id.
 */
export function identityOf(object: object | symbol): string {
  const known = ids.get(object as object);
  if (known !== undefined) return known;
  const id = nanoid();
  remember(object, id);
  return id;
}

/** Whether another process may know it by its id: it was sent, or came. */
export function isShared(object: object): boolean {
  return ids.has(object);
}

/** What has this id in this process, if it is still in use. */
export function findByIdentity(id: string): object | symbol | undefined {
  return objects.get(id)?.deref();
}

export function remember(object: object | symbol, id: string): void {
  ids.set(object as object, id);
  objects.set(id, new WeakRef(object as object));
  gone.register(object, id);
}

// Local symbols may be keys of weak collections since Node 20; the types do not say so yet.
const ids = new WeakMap<object, string>();
const objects = new Map<string, WeakRef<object>>();
const gone = new FinalizationRegistry<string>((id) => {
  if (objects.get(id)?.deref() === undefined) objects.delete(id);
});

/** Notes that an object stands in for another, which is the one to be sent: a twin of a class for the class itself. */
export function noteStandIn(object: object, original: object): void {
  standIns.set(object, original);
}

/** What an object stands in for, or the object itself. */
export function originalOf<T extends object>(object: T): T {
  return (standIns.get(object) as T | undefined) ?? object;
}

const standIns = new WeakMap<object, object>();

/** The text that a function or class had before it was edited to travel, so that it can travel on. */
export function noteOriginal(fn: object, text: string): void {
  originals.set(fn, text);
}

/** The source text of a function, as its author wrote it. */
export function textOf(fn: object): string {
  return originals.get(fn) ?? Function.prototype.toString.call(fn);
}

const originals = new WeakMap<object, string>();
