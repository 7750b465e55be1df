import { showValue } from '../options.ts';
import type { CheckedDelivery, Delivery } from './delivery.ts';
import { checkShared, methodNamed, SHARED } from './methods.ts';

/** The method of an executor, with its options. */
export interface ChosenDelivery {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly method: CheckedDelivery;
  readonly executor: string;
}

/**
 * What the option `delivery` means; undefined for `shared`, which needs nothing done.
 * @param executor whose option it is, such as `HTCondorExecutor`
 * @param node the option `node`, which only `shared` leaves to the user
 * @throws {TypeError} if there is no such method, or its options make no sense
 */
export function chooseDelivery(
  executor: string,
  delivery: Delivery | undefined,
  node: string | undefined,
): ChosenDelivery | undefined {
  if (delivery === undefined) return undefined;
  const { method: name, ...options } = typeof delivery === 'string' ? { method: delivery } : delivery;
  if (typeof name !== 'string') {
    throw new TypeError(
      `Expected \`delivery\` of ${executor} to be the name of a method, or an object with its name as \`method\`, got ${showValue(delivery)}`,
    );
  }
  if (name === SHARED) {
    checkShared(options);
    return undefined;
  }
  const method = methodNamed(name);
  if (node !== undefined) {
    throw new TypeError(
      `Expected either \`node\` or \`delivery\` of ${executor}, got both: the delivery '${name}' says which node it is. ` +
        `Remedy: \`delivery: { method: '${name}', node: … }\`, where it takes that`,
    );
  }
  method.check?.(options, executor, (inner) => chooseDelivery(executor, inner, undefined));
  return { name, options, method, executor };
}
