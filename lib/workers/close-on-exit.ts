import type { Dispatcher } from './dispatcher.ts';

/** Those whose workers are to end when the process does. */
const open = new Set<Dispatcher>();
let isListening = false;

/** When the process exits, workers are told that there is nothing more to come, rather than to wait for it. */
export function closeOnExit(dispatcher: Dispatcher): void {
  open.add(dispatcher);
  if (isListening) return;
  isListening = true;
  process.on('exit', () => {
    for (const { warm, files } of open) for (const { number } of warm.workers) files.closeNow(number);
  });
}

export function forgetOnExit(dispatcher: Dispatcher): void {
  open.delete(dispatcher);
}
