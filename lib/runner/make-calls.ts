import { AsyncLocalStorage } from 'node:async_hooks';
import type { AnyFunction } from '../payload/any-function.ts';
import type { EncodedCall, ItemOutcome } from '../payload/call.ts';
import { JOB_VARIABLE } from '../payload/job-variable.ts';
import type { OutcomeWriter } from './outcome-writer.ts';
import type { ResultsReader } from './results-reader.ts';
import { runItem } from './run-item.ts';
import type { RunningCall } from './running-call.ts';
import { seldom } from './seldom.ts';

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
    timeLimit === Infinity ? undefined : new (seldom().TimeLimit)(timeLimit, items.length, writer.place);
  writer.expect(items.length, limit);
  process.env[JOB_VARIABLE] = options.main;
  let loaded: Promise<AnyFunction> | undefined;
  const load = async (): Promise<AnyFunction> => (loaded ??= loadFunction());
  let results: ResultsReader | undefined;
  const result = async (name: string): Promise<unknown> => {
    results ??= new (seldom().ResultsReader)(writer.place.directory, options);
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
