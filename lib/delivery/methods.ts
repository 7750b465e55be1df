import { checkOptions, showValue } from '../options.ts';
import { bundle } from './bundle/bundle-options.ts';
import { container } from './container.ts';
import type { CheckedDelivery, DeliveryMethod } from './delivery.ts';
import { path } from './path.ts';

/** What every program has; `shared` is what there is without any of them. */
const OWN: ReadonlyMap<string, CheckedDelivery> = new Map(Object.entries({ path, container, bundle }));
export const SHARED = 'shared';

const registered = new Map<string, CheckedDelivery>();

/**
 * Makes a method of delivery known by a name, for the option `delivery` of executors that are made from now on: a function that says, once for
 * each job set, which node its jobs run, and what they need for that.
 *
 * @example
 * registerDelivery('modules', ({ options }) => ({ node: 'node', setup: [`module load node/${options.version}`] }));
 * new HTCondorExecutor({ delivery: { method: 'modules', version: 20 } });
 * @throws {TypeError} if there is a method of that name
 */
export function registerDelivery(name: string, method: DeliveryMethod): void {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`Expected the name of a delivery to be a string, got ${showValue(name)}`);
  }
  if (known().includes(name)) {
    throw new TypeError(
      `There is a delivery '${name}' already. Remedy: another name, or unregisterDelivery('${name}') if it is yours`,
    );
  }
  const deliver =
    typeof method === 'function' ? method : (method as Partial<CheckedDelivery> | null)?.deliver;
  if (typeof deliver !== 'function') {
    throw new TypeError(
      `Expected the delivery '${name}' to be a function, or an object with a function \`deliver\`, got ${showValue(method)}`,
    );
  }
  registered.set(name, typeof method === 'function' ? { deliver: method } : method);
}

/**
 * Forgets a method that was registered; executors that have it already keep it.
 * @throws {TypeError} if there is none of that name, or it is not the user's own
 */
export function unregisterDelivery(name: string): void {
  if (registered.delete(name)) return;
  const isOwn = known().includes(name);
  throw new TypeError(
    isOwn
      ? `The delivery '${name}' was not registered: it belongs to condor-futures`
      : `There is no delivery '${name}' to unregister. ${list()}`,
  );
}

/** @throws {TypeError} if there is no method of that name */
export function methodNamed(name: string): CheckedDelivery {
  const method = OWN.get(name) ?? registered.get(name);
  if (method !== undefined) return method;
  throw new TypeError(`There is no delivery '${name}'. ${list()}`);
}

/** Options of `shared`, which has none. */
export function checkShared(options: object): void {
  checkOptions(`delivery '${SHARED}'`, options, {});
}

function known(): string[] {
  return [SHARED, ...OWN.keys(), ...registered.keys()];
}

function list(): string {
  return `There are: ${known().join(', ')}; registerDelivery() adds others`;
}
