import type { Future } from './future.ts';

/**
 * What may be given where a call takes a `T`: that, or the future of one, or an array, object, Map or Set that holds futures. The call has the
 * values of the futures instead.
 */
export type OrFuture<T> = T | Future<T> | Holding<T>;

/** As {@link OrFuture}, of a list of arguments. */
export type OrFutures<A extends readonly unknown[]> = { [K in keyof A]: OrFuture<A[K]> };

type Holding<T> = T extends Leaf
  ? never
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<OrFuture<K>, OrFuture<V>>
    : T extends ReadonlySet<infer V>
      ? ReadonlySet<OrFuture<V>>
      : T extends object
        ? { [K in keyof T]: OrFuture<T[K]> }
        : never;

type Leaf = string | number | boolean | bigint | symbol | null | undefined | ((...args: never[]) => unknown);
