import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { until } from './until.ts';

setFlagsFromString('--expose-gc');
/** Takes what nobody holds, now. */
export const collect: () => void = runInNewContext('gc') as () => void;

/** Waits until nothing holds what the reference points to. */
export async function untilCollected(reference: WeakRef<object>): Promise<void> {
  await until(() => {
    collect();
    return reference.deref() === undefined;
  });
}
