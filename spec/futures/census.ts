import { asCompleted } from '../../lib/futures/as-completed.ts';
import type { JobRequest } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import type { ItemResult, MapOptions } from '../../lib/futures/map-results.ts';
import { collect } from '../support/collect-garbage.ts';
import { InProcessExecutor } from '../support/in-process-executor.ts';
import { manualFuture } from '../support/manual-future.ts';
import { turn } from '../support/turn.ts';

/** Counts the objects that are still held, of all that it was given. */
class Census {
  readonly #noted: WeakRef<object>[] = [];

  note<T extends object>(one: T): T {
    this.#noted.push(new WeakRef(one));
    return one;
  }

  /** Is exact right after a collection. */
  count(): number {
    return this.#noted.filter((reference) => reference.deref() !== undefined).length;
  }
}

/** Collects what nothing holds. */
async function collectAll(): Promise<void> {
  // What was read of a reference stays for the turn.
  await turn();
  collect();
}

/** Forgets its futures, as an executor does. */
class ForgetfulExecutor extends InProcessExecutor {
  readonly census: Census = new Census();

  override schedule(request: JobRequest): Future<ItemResult<unknown>[]> {
    const future = this.census.note(super.schedule(request));
    this.futures.length = 0;
    this.requests.length = 0;
    return future;
  }
}

/**
 * Maps over endless items, and leaves the loop after `count` of them.
 * @returns the largest number of items, of futures or of results that were held at once, looked at four times
 */
export async function mostHeldByMap(options: MapOptions, count: number): Promise<number> {
  const executor = new ForgetfulExecutor();
  const items = new Census();
  const results = new Census();
  function* endless(): Generator<{ item: number }> {
    for (let item = 0; ; item += 1) yield items.note({ item });
  }
  const made = (given: { item: number }): { result: number } => results.note({ result: given.item });
  let seen = 0;
  let most = 0;
  for await (const { result } of executor.map(made, endless(), options)) {
    if (result !== seen) throw new Error(`got the result ${result} instead of ${seen}`);
    seen += 1;
    if (seen % (count / 4) === 0) {
      await collectAll();
      most = Math.max(most, ...[items, executor.census, results].map((census) => census.count()));
    }
    if (seen === count) break;
  }
  return most;
}

/** @returns how many of so many futures are held once asCompleted has yielded them, while it waits for a last one */
export async function heldByAsCompleted(count: number): Promise<number> {
  const census = new Census();
  const last = manualFuture();
  const done = Array.from({ length: count }, (_, index) => {
    const { controller, future } = manualFuture<number>();
    controller.resolve(index);
    return census.note(future);
  });
  const completions = asCompleted([...done, last.future]);
  done.length = 0;
  for (let index = 0; index < count; index += 1) await completions.next();
  await collectAll();
  const left = census.count();
  await completions.return();
  last.controller.resolve(undefined);
  return left;
}
