import { isObserved, publish, type SettlementMessage } from '../diagnostics.ts';
import type { FutureState } from '../future-source.ts';
import type { Call } from './call.ts';

/** A call has moved on, possibly to its end. */
export function publishState(call: Call, from: FutureState): void {
  const to = call.future.state;
  if (from !== to) publish('state', () => ({ ...namesOf(call), from, to }));
}

/** A call's future is done. */
export function publishSettlement(call: Call): void {
  if (!isObserved('settlement')) return;
  // The call lets it go, and it may settle later, where its value is a promise.
  const { future } = call;
  const tell = (error: unknown): void =>
    publish('settlement', () => ({
      ...namesOf(call),
      state: future.state as SettlementMessage['state'],
      attempts: call.attempts,
      error,
    }));
  future.then(() => tell(undefined), tell);
}

function namesOf(call: Call): Pick<SettlementMessage, 'jobSet' | 'call' | 'key' | 'jobId' | 'host'> {
  const { jobSet, index, key, jobId, host } = call;
  return { jobSet: jobSet?.id, call: index, key, jobId, host };
}
