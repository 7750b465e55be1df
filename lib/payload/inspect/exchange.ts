import { randomUUID } from 'node:crypto';
import type { Runtime } from 'node:inspector';
import { mainGlobal } from '../reference/members.ts';
import { InspectorUnavailableError, post, sessionHere, withCleanUp } from './session.ts';

/** Limited, because one response contains the texts of all functions. */
const BATCH_SIZE = 200;

/** A value in the inspector's responses. */
export type Remote = Runtime.RemoteObject;

/** The global name by which evaluated code reaches `hook`; it is random, so that no other code knows it. */
export const KEY: string = `$condorFutures_${randomUUID().replaceAll('-', '_')}`;

/** Carries values to the inspector and back without copying them. */
export const hook: Record<string, unknown> = {};

let isInUse = false;

/**
 * Makes `hook` reachable while `act` runs; afterwards the inspector releases every object it was shown.
 * @throws {InspectorUnavailableError}
 */
export function exchange<T>(act: () => T): T {
  if (isInUse) return act();
  sessionHere(); // Throws before there is anything to clean up.
  return withCleanUp(() => {
    isInUse = true;
    if (!installHook(mainGlobal))
      throw new InspectorUnavailableError('The global object of this process cannot be extended');
    return act();
  }, release);
}

function release(): void {
  isInUse = false;
  removeHook(mainGlobal);
  for (const name of Object.keys(hook)) delete hook[name];
  post('Runtime.releaseObjectGroup', { objectGroup: KEY });
}

/**
 * Makes `hook` reachable in the realm of a global object.
 * @returns whether code of that realm reaches it now
 */
export function installHook(global: object): boolean {
  Reflect.defineProperty(global, KEY, { value: hook, configurable: true });
  return (global as Record<string, unknown>)[KEY] === hook;
}

export function removeHook(global: object): void {
  Reflect.deleteProperty(global, KEY);
}

/** The inspector's ids of objects or functions, within `exchange`. */
export function idsOf(objects: readonly object[]): string[] {
  if (objects.length > BATCH_SIZE) {
    return [...idsOf(objects.slice(0, BATCH_SIZE)), ...idsOf(objects.slice(BATCH_SIZE))];
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

/** The values behind remote objects, within `exchange`. */
export function valuesOf(remotes: readonly Remote[]): unknown[] {
  const objects = remotes.filter(({ objectId }) => objectId !== undefined);
  const taken: unknown[] = [];
  hook.take = (...values: unknown[]) => taken.push(...values);
  for (let at = 0; at < objects.length; at += BATCH_SIZE) {
    const some = objects.slice(at, at + BATCH_SIZE);
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
