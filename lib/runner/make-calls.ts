import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallItem, EncodedCall, ItemOutcome } from '../payload/call.ts';
import { deserializeWith, type LoadedFunction } from '../payload/deserialize.ts';
import type { AnyFunction } from '../payload/graph.ts';
import { CallIdentities, type Identities } from '../payload/identities.ts';
import type { FromElsewhere } from '../payload/load/load-graph.ts';
import { JOB_VARIABLE } from '../payload/main-program.ts';
import { isPrimitive, serializePlain } from '../payload/plain-data.ts';
import { loadPreloads } from '../payload/preload.ts';
import type * as InsideModule from './inside/inside.ts';
import { lazy } from './lazy.ts';
import type { OutcomeWriter, RunningCall } from './outcome.ts';
import type * as ResultsReaderModule from './results-reader.ts';
import type * as TimeLimitModule from './time-limit.ts';

/**
 * Makes the calls of a job, one after the other.
 * @param load loads the function, for each call that does not bring its own
 */
export async function makeCalls(
  writer: OutcomeWriter,
  { items, options }: EncodedCall,
  load: () => Promise<LoadedFunction>,
): Promise<void> {
  const { timeLimit = Infinity } = options;
  const limit =
    timeLimit === Infinity
      ? undefined
      : new (loadTimeLimit().TimeLimit)(timeLimit, items.length, writer.place);
  writer.expect(items.length, limit);
  process.env[JOB_VARIABLE] = options.main;
  let results: ResultsReaderModule.ResultsReader | undefined;
  const readResult: FromElsewhere = async (name, identities) => {
    results ??= new (loadResultsReader().ResultsReader)(writer.place.directory, options);
    return results.read(name, identities);
  };
  let storage: AsyncLocalStorage<RunningCall> | undefined;
  /** The last call that was made outside of the storage. */
  let outside: RunningCall | undefined;
  writer.running = () => storage?.getStore() ?? outside;
  for (const [index, item] of items.entries()) {
    limit?.begin();
    const running: RunningCall = { writer, item: index, items: items.length, options, inside: undefined };
    // Once a call of a chunk has asked about its job, what it left running must not be taken for the next
    // call.
    if (outside?.inside !== undefined) storage ??= new AsyncLocalStorage();
    if (storage === undefined) outside = running;
    const make = async (): Promise<ItemOutcome> => makeCall(load, item, running, readResult);
    const outcome = await (storage === undefined ? make() : storage.run(running, make));
    await running.inside?.end(outcome);
    writer.add(outcome);
  }
}

/**
 * Makes one call. Never rejects: an error of the call, or of encoding its result, is the outcome.
 * @param load loads the function, for a call that does not bring its own
 * @param readResult reads the result of another call by its name
 */
async function makeCall(
  load: () => Promise<LoadedFunction>,
  item: CallItem,
  running: RunningCall,
  readResult: FromElsewhere,
): Promise<ItemOutcome> {
  if ('thrown' in item) return item;
  const { options } = running;
  try {
    if (options.preloads !== undefined) await loadPreloads(options.preloads);
    const [fn, args] = await decode(load, item, running, readResult);
    const value = await fn(...args);
    if (isPrimitive(value)) return { primitive: value };
    const bytes = serializePlain(value, 'result') ?? lazy().serialize(value, options.capture, 'result');
    return { value: bytes };
  } catch (error) {
    return lazy().failureOf(error);
  }
}

async function decode(
  load: () => Promise<LoadedFunction>,
  item: Exclude<CallItem, { thrown: unknown }>,
  running: RunningCall,
  readResult: FromElsewhere,
): Promise<[AnyFunction, readonly unknown[]]> {
  const decodeBytes = async (bytes: Uint8Array, outer?: Identities): Promise<unknown> => {
    running.identities = new CallIdentities(outer);
    return deserializeWith(bytes, running.options, readResult, running.identities);
  };
  if ('call' in item) return (await decodeBytes(item.call)) as [AnyFunction, unknown[]];
  const { fn, identities } = await load();
  running.identities = identities;
  if ('primitives' in item) return [fn, item.primitives];
  return [fn, (await decodeBytes(item.arguments, identities)) as unknown[]];
}

const INSIDE = Symbol.for('condor-futures.inside');

/**
 * Makes the functions of job.ts work in this process.
 * @param current returns the call that is currently executing
 */
export function offerInside(current: () => RunningCall | undefined): void {
  (globalThis as Record<symbol, unknown>)[INSIDE] = () => {
    const call = current();
    return call && (call.inside ??= new (loadInside().Inside)(call));
  };
}

// Modules that few calls need: esbuild runs each at its first `require()`.

function loadTimeLimit(): typeof TimeLimitModule {
  return require('./time-limit.ts') as typeof TimeLimitModule;
}

function loadResultsReader(): typeof ResultsReaderModule {
  return require('./results-reader.ts') as typeof ResultsReaderModule;
}

function loadInside(): typeof InsideModule {
  return require('./inside/inside.ts') as typeof InsideModule;
}
