import { channel, type Channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { debuglog, inspect } from 'node:util';

/**
 * Where a call stands. `pending`: not started yet; `running`: its job has started; `finished`: it returned; `failed`: it
 * threw, or its job died; `cancelled`.
 */
export type FutureState = 'pending' | 'running' | 'finished' | 'failed' | 'cancelled';

/** A batch of jobs was handed to the batch system, which took or refused it. */
export interface SubmissionMessage {
  /** Such as `HTCondor`. */
  readonly system: string;
  /** The job set's id. */
  readonly jobSet: string;
  /** Of the submissions of the job set, counted from 1. */
  readonly submission: number;
  /** How many jobs there are in it. */
  readonly count: number;
  /** In the order of their calls; undefined if it was refused. */
  readonly jobIds: readonly string[] | undefined;
  readonly error: unknown;
  /** Set if its calls wait in the process, as there were too many of them: at once, or in the queue. */
  readonly postponed: true | undefined;
  readonly durationMs: number;
}

/** A call moved on; `to` its last state, too. */
export interface StateMessage {
  /** The job set's id, once the call has been written there. */
  readonly jobSet: string | undefined;
  /** Of the calls of the executor, counted from 1. */
  readonly call: number;
  /** Of the job, in the names of its files. */
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
  /** How many jobs were submitted for the call. */
  readonly attempts: number;
  /** What the future rejected with; undefined if it did not. */
  readonly error: unknown;
}

/** A command of the batch system has ended. */
export interface CommandMessage {
  /** Such as `condor_submit`. */
  readonly command: string;
  /** How many arguments it had. */
  readonly argumentCount: number;
  /** `null` if it was ended by a signal or could not be started. */
  readonly exitCode: number | null;
  readonly durationMs: number;
}

/** What is told on which channel of `node:diagnostics_channel`: that of `state` is named `condor-futures:state`. */
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

/** Whether anybody would hear of it. */
export function isObserved(name: DiagnosticName): boolean {
  return debug.enabled || channels[name].hasSubscribers;
}

/**
 * Tells the subscribers of a channel, and stderr with NODE_DEBUG=condor-futures. Never throws.
 * @param message is made only if somebody listens
 */
export function publish<N extends DiagnosticName>(name: N, message: () => DiagnosticMessages[N]): void {
  if (!isObserved(name)) return;
  const made = Object.freeze(message());
  if (debug.enabled) debug('%s', lineOf(name, made));
  channels[name].publish(made);
}

/**
 * Subscribes to one of the channels. What the listener throws, or rejects with, becomes a process warning and harms nothing else;
 * that of a listener given to `diagnostics_channel.subscribe` becomes an uncaught exception of the process.
 * @returns how to end the subscription
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
  const warn = (error: unknown): void =>
    process.emitWarning(`A listener to ${PREFIX}:${name} failed: ${inspect(error)}`, 'CondorFuturesWarning');
  const guarded = (message: unknown): void => {
    try {
      const returned = listener(message as DiagnosticMessages[N]);
      if (returned instanceof Promise) returned.catch(warn);
    } catch (error) {
      warn(error);
    }
  };
  subscribe(`${PREFIX}:${name}`, guarded);
  return () => void unsubscribe(`${PREFIX}:${name}`, guarded);
}

/** `state call=3 key=3 jobId=12.2 from=pending to=running`: what is undefined is left out. */
function lineOf(name: DiagnosticName, message: object): string {
  const words = Object.entries(message)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${wordOf(value)}`);
  return [name, ...words].join(' ');
}

function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.length > 3 ? `${value[0]}…${value.at(-1)}` : value.join();
  if (typeof value === 'number') return String(Math.round(value));
  // What a call threw may say anything: its class has to do.
  return value !== null && typeof value === 'object' ? ((value as Error).name ?? 'object') : String(value);
}
