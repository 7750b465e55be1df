/** What a promise is rejected with: the very value, whatever it is. */
export async function thrownBy(promise: PromiseLike<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (thrown: unknown) => ({ thrown }),
  );
  if ('thrown' in outcome) return outcome.thrown;
  throw new Error(`Expected a rejection, got the value ${String(outcome.value)}`);
}
