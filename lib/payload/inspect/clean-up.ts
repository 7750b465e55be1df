/** What is to be done behind what runs now. */
const pending = new Set<() => void>();
let isScheduled = false;

/**
 * Does something behind `act`, in any case: where a timeout of `vm` ends the execution, `finally` is passed over, and it is
 * done in the next microtask. So it is if it throws, as it does where the stack ends.
 */
export function withCleanUp<T>(act: () => T, cleanUp: () => void): T {
  pending.add(cleanUp);
  if (!isScheduled) {
    isScheduled = true;
    queueMicrotask(cleanAll);
  }
  try {
    return act();
  } finally {
    cleanUp();
    pending.delete(cleanUp);
  }
}

function cleanAll(): void {
  isScheduled = false;
  const rest = [...pending].toReversed();
  pending.clear();
  for (const cleanUp of rest) tryTo(cleanUp);
}

/** An error in a microtask would end the process; there is nobody left to tell it to. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {}
}
