import { channel, type Channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { debuglog, inspect } from 'node:util';
import { warn } from './warn.ts';

/**
 * The state of a future. `pending`: the call has not started yet; `running`: its job has started; `finished`:
 * the call returned; `failed`: it threw, or its job died; `cancelled`: by `cancel()`, a signal or
 * `shutdown()`.
 */
export type FutureState = 'pending' | 'running' | 'finished' | 'failed' | 'cancelled';

/** The batch system accepted or refused a submission. */
export interface SubmissionMessage {
  /** Such as `HTCondor`. */
  readonly system: string;
  /** The job set's id. */
  readonly jobSet: string;
  /** The submission's number in the job set, from 1. */
  readonly submission: number;
  /** The number of jobs. */
  readonly count: number;
  /** The ids in the order of the calls; undefined if the submission was refused. */
  readonly jobIds: readonly string[] | undefined;
  readonly error: unknown;
  /**
   * Set if the calls wait in this process, because there were too many for one submission or for the queue.
   */
  readonly postponed: true | undefined;
  readonly durationMs: number;
}

/** The state of a call changed; the last change, to `finished`, `failed` or `cancelled`, is published too. */
export interface StateMessage {
  /** The job set's id, once the call has been written there. */
  readonly jobSet: string | undefined;
  /** The call's number in the executor, from 1. */
  readonly call: number;
  /** The job's key, by which its files are named. */
  readonly key: string;
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  readonly from: FutureState;
  readonly to: FutureState;
}

/** A future is done. */
export interface SettlementMessage {
  readonly jobSet: string | undefined;
  readonly call: number;
  readonly key: string;
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  readonly state: 'finished' | 'failed' | 'cancelled';
  /** The number of jobs submitted for the call. */
  readonly attempts: number;
  /** The error that the future rejected with; undefined if it resolved. */
  readonly error: unknown;
}

/** A command of the batch system ended. */
export interface CommandMessage {
  /** Such as `condor_submit`. */
  readonly command: string;
  /** The number of arguments. */
  readonly argumentCount: number;
  /** `null` if it was ended by a signal or could not be started. */
  readonly exitCode: number | null;
  readonly durationMs: number;
}

/**
 * The messages by the channel of `node:diagnostics_channel` that has them: that of `state` is named
 * `condor-futures:state`.
 */
export interface DiagnosticMessages {
  readonly submission: SubmissionMessage;
  readonly state: StateMessage;
  readonly settlement: SettlementMessage;
  readonly command: CommandMessage;
}

export type DiagnosticName = keyof DiagnosticMessages;

const PREFIX = 'condor-futures';
const NAMES = ['submission', 'state', 'settlement', 'command'] as const;
const channels = Object.fromEntries(NAMES.map((name) => [name, channel(`${PREFIX}:${name}`)])) as Record<
  DiagnosticName,
  Channel
>;
const debug = debuglog(PREFIX);

/** Whether a message of this name has a subscriber, or NODE_DEBUG prints it. */
export function isObserved(name: DiagnosticName): boolean {
  return debug.enabled || channels[name].hasSubscribers;
}

/**
 * Publishes a message to the subscribers of its channel, and on stderr with NODE_DEBUG=condor-futures. Never
 * throws.
 * @param message is called only if there is a subscriber
 */
export function publish<N extends DiagnosticName>(name: N, message: () => DiagnosticMessages[N]): void {
  if (!isObserved(name)) return;
  const made = Object.freeze(message());
  if (debug.enabled) debug('%s', lineOf(name, made));
  channels[name].publish(made);
}

/**
 * Subscribes to one of the channels. An error of the listener becomes a process warning and harms nothing
 * else; that of a listener given to `diagnostics_channel.subscribe` would become an uncaught exception of the
 * process.
 * @returns a function that ends the subscription
 * @throws {RangeError} if there is no such channel, {@link TypeError} if the listener is no function
 *
 * @example
 * const stop = observe('state', ({ call, to, host }) => console.log(`call ${call} is ${to} on ${host}`));
 */
export function observe<N extends DiagnosticName>(
  name: N,
  listener: (message: DiagnosticMessages[N]) => unknown,
): () => void {
  if (!NAMES.includes(name))
    throw new RangeError(`Expected one of ${NAMES.join(', ')}, got ${inspect(name)}`);
  if (typeof listener !== 'function') {
    throw new TypeError(`Expected \`listener\` to be a function, got ${inspect(listener)}`);
  }
  const onError = (error: unknown): void => warn(`A listener to ${PREFIX}:${name} failed: ${inspect(error)}`);
  const guarded = (message: unknown): void => {
    try {
      const returned = listener(message as DiagnosticMessages[N]);
      if (returned instanceof Promise) returned.catch(onError);
    } catch (error) {
      onError(error);
    }
  };
  subscribe(`${PREFIX}:${name}`, guarded);
  return () => void unsubscribe(`${PREFIX}:${name}`, guarded);
}

/** Formats a message: `state call=3 key=3 jobId=12.2 from=pending to=running`, without what is undefined. */
function lineOf(name: DiagnosticName, message: object): string {
  const words = Object.entries(message)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${wordOf(value)}`);
  return [name, ...words].join(' ');
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.length > 3 ? `${value[0]}…${value.at(-1)}` : value.join();
  if (typeof value === 'number') return String(Math.round(value));
  // The text of what a call threw may be long or secret; its class is enough.
  return value !== null && typeof value === 'object' ? ((value as Error).name ?? 'object') : String(value);
}
