import { showValue } from '../options.ts';

/** What a map is made of. */
export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/** @throws {TypeError} for what are no inputs */
export function checkInputs(inputs: unknown): void {
  const given = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof inputs === 'object' && (given?.[Symbol.iterator] ?? given?.[Symbol.asyncIterator]) !== undefined)
    return;
  throw new TypeError(
    `Expected \`inputs\` to be an array, or another iterable or async iterable, got ${showValue(inputs)}`,
  );
}

/** The input as a list of arguments. @throws {TypeError} */
export function argumentsOf(input: unknown, component: number): readonly unknown[] {
  if (Array.isArray(input)) return input;
  throw new TypeError(`Expected input ${component} to be an array of arguments, got ${showValue(input)}`);
}

/** So many are encoded and written at once: inputs without end of memory are no trouble. */
const BATCH = 1000;

/**
 * The inputs, so many at a time.
 * @param signal ends it with its reason, also while the next input is waited for
 */
export async function* batchesOf<T>(
  inputs: Inputs<T>,
  size: number = BATCH,
  signal?: AbortSignal,
): AsyncGenerator<T[]> {
  let batch: T[] = [];
  const isAsync = Symbol.asyncIterator in inputs;
  const iterator = isAsync ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      // Inputs that are promises, as futures are, are not waited for.
      const next = iterator.next();
      const { value, done } = isAsync ? await orAborted(next, signal) : (next as IteratorResult<T>);
      if (done === true) break;
      batch.push(value);
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
    ended = true;
    if (batch.length > 0) yield batch;
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await iterator.return?.();
    // It may be waiting for what never comes.
    else if (signal?.aborted === true) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

async function orAborted<T>(next: PromiseLike<T> | T, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return next;
  signal.throwIfAborted();
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), {
      once: true,
      signal: over.signal,
    });
  });
  try {
    return await Promise.race([next, aborted]);
  } finally {
    over.abort();
  }
}
