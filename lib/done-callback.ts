import { inspect } from 'node:util';

/** Calls a done callback of a future. What it throws, or rejects with, becomes a process warning. */
export function runDoneCallback<F>(callback: (future: F) => unknown, future: F): void {
  const warn = (error: unknown): void =>
    process.emitWarning(
      `A done callback of ${inspect(future)} failed: ${inspect(error)}`,
      'CondorFuturesWarning',
    );
  try {
    const returned = callback(future);
    if (returned instanceof Promise) returned.catch(warn);
  } catch (error) {
    warn(error);
  }
}
