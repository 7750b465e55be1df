/** What a map is made of. */
export type Inputs<T> = Iterable<T> | AsyncIterable<T>;

/** So many are encoded and written at once: inputs without end of memory are no trouble. */
const BATCH = 1000;

/** The inputs, so many at a time. */
export async function* batchesOf<T>(inputs: Inputs<T>, size: number = BATCH): AsyncGenerator<T[]> {
  let batch: T[] = [];
  const iterator =
    Symbol.asyncIterator in inputs ? inputs[Symbol.asyncIterator]() : inputs[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      // Inputs that are promises, as futures are, are not waited for.
      const next = iterator.next();
      const { value, done } = next instanceof Promise ? await next : next;
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
  }
}
