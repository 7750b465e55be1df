import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallItem, CallOptions, EncodedCall, ItemOutcome } from '../payload/call.ts';
import { deserializeWith } from '../payload/deserialize.ts';
import type { AnyFunction } from '../payload/graph.ts';
import type { FromElsewhere } from '../payload/load/load-graph.ts';
import { JOB_VARIABLE } from '../payload/main-program.ts';
import { isPrimitive, serializePlain } from '../payload/plain-data.ts';
import type * as InsideModule from './inside/inside.ts';
import { lazy } from './lazy.ts';
import type { OutcomeWriter, RunningCall } from './outcome.ts';
import type * as ResultsReaderModule from './results-reader.ts';
import type * as TimeLimitModule from './time-limit.ts';

/**
 * Makes the calls of a job, one after the other.
 * @param loadFunction is asked once, if at all
 */
export async function makeCalls(
  writer: OutcomeWriter,
  { items, options }: EncodedCall,
  loadFunction: () => Promise<AnyFunction>,
): Promise<void> {
  const { timeLimit = Infinity } = options;
  const limit =
    timeLimit === Infinity
      ? undefined
      : new (loadTimeLimit().TimeLimit)(timeLimit, items.length, writer.place);
  writer.expect(items.length, limit);
  process.env[JOB_VARIABLE] = options.main;
  let loaded: Promise<AnyFunction> | undefined;
  const load = async (): Promise<AnyFunction> => (loaded ??= loadFunction());
  let results: ResultsReaderModule.ResultsReader | undefined;
  const result = async (name: string): Promise<unknown> => {
    results ??= new (loadResultsReader().ResultsReader)(writer.place.directory, options);
    return results.read(name);
  };
  let course: AsyncLocalStorage<RunningCall> | undefined;
  /** The last that was made without one. */
  let outside: RunningCall | undefined;
  writer.running = () => course?.getStore() ?? outside;
  for (const [index, item] of items.entries()) {
    limit?.begin();
    const running: RunningCall = { writer, item: index, items: items.length, options, inside: undefined };
    // What a call of a chunk that has asked about its job leaves running is not to be taken for the next one.
    if (outside?.inside !== undefined) course ??= new AsyncLocalStorage();
    if (course === undefined) outside = running;
    const make = async (): Promise<ItemOutcome> => runItem(load, item, options, result);
    const outcome = await (course === undefined ? make() : course.run(running, make));
    await running.inside?.end(outcome);
    writer.add(outcome);
  }
}

/**
 * Makes one call; what it returns or throws, or why its result cannot travel. Never rejects.
 * @param load the function, for a call that does not bring its own
 * @param result what other calls have returned, by their names
 */
export async function runItem(
  load: () => Promise<AnyFunction>,
  item: CallItem,
  options: CallOptions,
  result: FromElsewhere,
): Promise<ItemOutcome> {
  if ('thrown' in item) return item;
  try {
    const [fn, args] = await decode(load, item, options, result);
    const value = await fn(...args);
    if (isPrimitive(value)) return { primitive: value };
    const bytes = serializePlain(value, 'result') ?? lazy().serialize(value, options.capture, 'result');
    return { value: bytes };
  } catch (error) {
    return lazy().failureOf(error);
  }
}

async function decode(
  load: () => Promise<AnyFunction>,
  item: Exclude<CallItem, { thrown: unknown }>,
  options: CallOptions,
  result: FromElsewhere,
): Promise<[AnyFunction, readonly unknown[]]> {
  if ('primitives' in item) return [await load(), item.primitives];
  const decoded = async (bytes: Uint8Array): Promise<unknown> => deserializeWith(bytes, options, result);
  if ('arguments' in item) return [await load(), (await decoded(item.arguments)) as unknown[]];
  return (await decoded(item.call)) as [AnyFunction, unknown[]];
}

const INSIDE = Symbol.for('condor-futures.inside');

/**
 * Lets calls ask about their job, by the functions of job.ts.
 * @param current the call in whose course it is asked
 */
export function offerInside(current: () => RunningCall | undefined): void {
  (globalThis as Record<symbol, unknown>)[INSIDE] = () => {
    const call = current();
    return call && (call.inside ??= new (loadInside().Inside)(call));
  };
}

// Few calls need these modules: see lazy.ts.

function loadTimeLimit(): typeof TimeLimitModule {
  return require('./time-limit.ts') as typeof TimeLimitModule;
}

function loadResultsReader(): typeof ResultsReaderModule {
  return require('./results-reader.ts') as typeof ResultsReaderModule;
}

function loadInside(): typeof InsideModule {
  return require('./inside/inside.ts') as typeof InsideModule;
}
