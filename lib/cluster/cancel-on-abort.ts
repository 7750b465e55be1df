import type { Future } from '../future.ts';

/** Futures by the signal that cancels them: one listener for each signal, however many futures it has. */
const futuresOf = new WeakMap<AbortSignal, Set<Future<unknown>>>();

/** Cancels the future when the signal aborts, with its reason. */
export function cancelOnAbort(future: Future<unknown>, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (signal.aborted) return void future.cancel(signal.reason);
  const futures = futuresOf.get(signal) ?? listenTo(signal);
  futures.add(future);
  future.addDoneCallback(() => futures.delete(future));
}

/** On its own, so that what the listener can see holds no future. */
function listenTo(signal: AbortSignal): Set<Future<unknown>> {
  const futures = new Set<Future<unknown>>();
  futuresOf.set(signal, futures);
  signal.addEventListener('abort', () => cancelAll(signal), { once: true });
  return futures;
}

function cancelAll(signal: AbortSignal): void {
  for (const future of futuresOf.get(signal) ?? []) future.cancel(signal.reason);
}
