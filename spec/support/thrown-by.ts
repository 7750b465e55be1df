import { asItIs, type Boxed } from '../../lib/base/as-it-is.ts';

/** What a promise is rejected with: the very value, whatever it is. */
// oxlint-disable-next-line typescript/promise-function-async -- an async function would call a method `then`
export function thrownBy(promise: PromiseLike<unknown>): Promise<unknown> {
  const find = async (): Promise<Boxed> => {
    const outcome = await promise.then(
      (value) => ({ returned: value }),
      (thrown: unknown) => ({ value: thrown }),
    );
    if ('value' in outcome) return outcome;
    throw new Error(`Expected a rejection, got the value ${String(outcome.returned)}`);
  };
  return asItIs(find());
}
