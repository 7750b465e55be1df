/**
 * Waits for a condition by asking again and again: specs wait for things, never for a time. It gives up only before jest does, so
 * that the error says what did not come.
 */
export async function until(
  condition: () => unknown,
  { timeout = 240_000, interval = 20 }: { timeout?: number; interval?: number } = {},
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`After ${timeout} ms this still does not hold: ${String(condition)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
