import type { Executor } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import { CHUNK_SIZE, type PlannedCall } from './plan.ts';
import { runCall } from './runs.ts';

/** How a call was settled: what it gave, each time that it did. */
export interface Settled {
  readonly call: PlannedCall;
  readonly outcomes: ({ readonly value: unknown } | { readonly error: unknown })[];
}

/** A future that is to be cancelled. */
export interface Cancellable {
  readonly call: PlannedCall;
  readonly future: Future<unknown>;
}

/**
 * Submits calls that belong together, and notes in `settled` what comes of them.
 * @returns resolves when all of them are settled
 */
export async function submitGroup(
  executor: Executor,
  runsFile: string,
  group: readonly Settled[],
  onCancellable: (cancellable: Cancellable) => void,
): Promise<void> {
  const [first] = group;
  if (first === undefined) return;
  if (first.call.kind === 'mapped') return takeMap(executor, runsFile, group);
  const future = executor.submit(runCall, runsFile, first.call);
  if (first.call.kind === 'cancelled') onCancellable({ call: first.call, future });
  await new Promise<void>((resolve) => {
    future.then(
      (value) => first.outcomes.push({ value }),
      (error: unknown) => first.outcomes.push({ error }),
    );
    future.addDoneCallback(() => resolve());
  });
}

async function takeMap(executor: Executor, runsFile: string, group: readonly Settled[]): Promise<void> {
  const items = group.map(({ call }) => call);
  const results = executor.map(async (call: PlannedCall) => runCall(runsFile, call), items, {
    chunkSize: CHUNK_SIZE,
    onError: 'continue',
  });
  for (const { outcomes } of group) {
    try {
      outcomes.push({ value: (await results.next()).value });
    } catch (error) {
      outcomes.push({ error });
    }
  }
}
