import { nanoid } from 'nanoid';

/**
 * Returns the id of a class or local symbol that is sent by value. A class that arrives twice, or comes back
 * in a result, stays one class, because each process that made or loaded it knows it by its id.
 */
export function identityOf(object: object | symbol): string {
  const known = ids.get(object as object);
  if (known !== undefined) return known;
  const id = nanoid();
  remember(object, id);
  return id;
}

/** Whether another process may know the object by its id, because it was sent there or came from there. */
export function isShared(object: object): boolean {
  return ids.has(object);
}

/**
 * The classes and weak collections that a payload finds here by their ids, because they came with another one
 * or are this program's own.
 */
export interface Identities {
  find(id: string): object | symbol | undefined;
  remember(object: object, id: string): void;
}

/**
 * The objects that came with the payloads of one call, apart from those of other calls: the same program at
 * another time has the same ids.
 */
export class CallIdentities implements Identities {
  readonly #objects = new Map<string, object>();
  readonly #outer: Identities | undefined;

  /** @param outer what was loaded before for this call, such as its function */
  constructor(outer?: Identities) {
    this.#outer = outer;
  }

  find(id: string): object | symbol | undefined {
    return this.#objects.get(id) ?? this.#outer?.find(id);
  }

  remember(object: object, id: string): void {
    this.#objects.set(id, object);
    // For results of other jobs, and for what this call returns.
    remember(object, id);
  }
}

/** The object or symbol with this id in this process, if it is still in use. */
export function findByIdentity(id: string): object | symbol | undefined {
  return objects.get(id)?.deref();
}

/**
 * Returns the id of a constant, such as a member of an enum. Unlike a class, it is not taken for the same by its
 * id alone: its content is compared.
 */
export function constantIdOf(object: object): string {
  const known = constantIds.get(object);
  if (known !== undefined) return known;
  const id = CONSTANT + nanoid();
  remember(object, id);
  return id;
}

export function isConstant(object: object): boolean {
  return constantIds.has(object);
}

/** Begins the ids of constants; nanoid has no such character. */
const CONSTANT = '=';

/** Gives an object or symbol that was just made the id that it has in other processes. */
export function remember(object: object | symbol, id: string): void {
  (id.startsWith(CONSTANT) ? constantIds : ids).set(object as object, id);
  objects.set(id, new WeakRef(object as object));
  collected.register(object, id);
}

/** All that this process has sent or received. */
export const PROCESS_IDENTITIES: Identities = { find: findByIdentity, remember };

// Node 20 allows local symbols as keys of weak collections; the types do not yet.
const ids = new WeakMap<object, string>();
const constantIds = new WeakMap<object, string>();
const objects = new Map<string, WeakRef<object>>();
const collected = new FinalizationRegistry<string>((id) => {
  if (objects.get(id)?.deref() === undefined) objects.delete(id);
});

/**
 * Notes that an object stands in for another, which is sent instead of it, such as a twin of a class for the
 * class.
 */
export function noteStandIn(object: object, original: object): void {
  standIns.set(object, original);
}

/** The object that an object stands in for, or itself. */
export function originalOf<T extends object>(object: T): T {
  return (standIns.get(object) as T | undefined) ?? object;
}

const standIns = new WeakMap<object, object>();

/** Notes the text of a function or class before it was edited to be sent, so that it can be sent again. */
export function noteOriginal(fn: object, text: string): void {
  originals.set(fn, text);
}

/** Source text of a function or class as its author wrote it. */
export function textOf(fn: object): string {
  return originals.get(fn) ?? Function.prototype.toString.call(fn);
}

const originals = new WeakMap<object, string>();
