import { randomUUID } from 'node:crypto';
import type { Runtime } from 'node:inspector';
import { runInThisContext } from 'node:vm';
import { InspectorUnavailableError, post, sessionHere, withCleanUp } from './session.ts';

/** What stands for a value in the inspector's answers. */
export type Remote = Runtime.RemoteObject;

/**
 * The global object of the thread's main realm, where the inspector evaluates. Test runners run modules in other realms, whose
 * `globalThis` is another.
 */
export const mainGlobal = runInThisContext('globalThis') as object;

/** The name by which code that the inspector evaluates reaches `hook`; nobody else can know it. */
export const KEY: string = `$condorFutures_${randomUUID().replaceAll('-', '_')}`;

/** Values go through it to the inspector and back, as themselves. */
export const hook: Record<string, unknown> = {};

let isInUse = false;

/**
 * Makes `hook` reachable while `act` runs, and lets the inspector forget all that it was shown during that.
 * @throws {InspectorUnavailableError}
 */
export function exchange<T>(act: () => T): T {
  if (isInUse) return act();
  sessionHere(); // Where there is none, there is nothing to clean up.
  isInUse = true;
  return withCleanUp(() => {
    if (!offer(mainGlobal))
      throw new InspectorUnavailableError('The global object of this process cannot be extended');
    return act();
  }, forget);
}

function forget(): void {
  isInUse = false;
  withdraw(mainGlobal);
  for (const name of Object.keys(hook)) delete hook[name];
  post('Runtime.releaseObjectGroup', { objectGroup: KEY });
}

/** @returns whether code of that realm reaches the hook now */
export function offer(global: object): boolean {
  Reflect.defineProperty(global, KEY, { value: hook, configurable: true });
  return (global as Record<string, unknown>)[KEY] === hook;
}

export function withdraw(global: object): void {
  Reflect.deleteProperty(global, KEY);
}

/** So many at once, as all their functions' texts are in one answer. */
const MOST_AT_ONCE = 200;

/** The ids by which the inspector knows some objects or functions, within `exchange`. */
export function idsOf(objects: readonly object[]): string[] {
  if (objects.length > MOST_AT_ONCE) {
    return [...idsOf(objects.slice(0, MOST_AT_ONCE)), ...idsOf(objects.slice(MOST_AT_ONCE))];
  }
  hook.given = objects;
  const isOne = objects.length === 1;
  const { result } = post('Runtime.evaluate', {
    expression: `${KEY}.given${isOne ? '[0]' : ''}`,
    objectGroup: KEY,
  });
  if (isOne) return [idOf(result)];
  const { result: properties } = post('Runtime.getProperties', {
    objectId: idOf(result),
    ownProperties: true,
  });
  return objects.map((_, at) => idOf(properties[at]?.value));
}

function idOf(remote: Remote | undefined): string {
  if (remote?.objectId === undefined)
    throw new InspectorUnavailableError('The inspector does not know an object');
  return remote.objectId;
}

/** The values themselves, within `exchange`. */
export function valuesOf(remotes: readonly Remote[]): unknown[] {
  const objects = remotes.filter(({ objectId }) => objectId !== undefined);
  const taken: unknown[] = [];
  hook.take = (...values: unknown[]) => taken.push(...values);
  for (let at = 0; at < objects.length; at += MOST_AT_ONCE) {
    const some = objects.slice(at, at + MOST_AT_ONCE);
    post('Runtime.callFunctionOn', {
      objectId: some[0]?.objectId,
      functionDeclaration: `function (...values) { ${KEY}.take(...values); }`,
      arguments: some.map(({ objectId }) => ({ objectId })),
    });
  }
  if (taken.length !== objects.length)
    throw new InspectorUnavailableError('The inspector does not give objects back');
  let at = 0;
  return remotes.map((remote) => (remote.objectId === undefined ? primitiveOf(remote) : taken[at++]));
}

function primitiveOf({ value, unserializableValue }: Remote): unknown {
  if (unserializableValue === undefined) return value;
  if (unserializableValue.endsWith('n')) return BigInt(unserializableValue.slice(0, -1));
  return Number(unserializableValue);
}
