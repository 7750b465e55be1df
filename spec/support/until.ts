/** Waits for a condition by asking again and again: specs wait for things, never for a time. */
export async function until(
  condition: () => unknown,
  { timeout = 30_000, interval = 20 }: { timeout?: number; interval?: number } = {},
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`After ${timeout} ms this still does not hold: ${String(condition)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
