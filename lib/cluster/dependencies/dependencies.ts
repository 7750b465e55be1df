import { showValue } from '../../base/checks.ts';
import { DependencyError } from '../../base/errors.ts';
import { errorOf, Future, sourceOf } from '../../futures/future.ts';
import { parseResultName, resultName } from '../../job-set/names.ts';
import { Refusal } from '../../payload/capture/refusal.ts';
import type { Elsewhere } from '../../payload/capture/sink.ts';
import { Call, type CallHost, type Dependency } from '../calls/call.ts';
import { FailedSource } from '../calls/failed-future.ts';
import { ItemSource } from '../calls/item-futures.ts';

const REMEDY = 'Await it, and send what it gives.';

/** Finds futures in the arguments of a call. */
export class DependencyFinder {
  readonly #host: CallHost;
  readonly #nameOf: (call: Call) => number | string;
  #dependencies: Map<Future<unknown>, Dependency> | undefined;

  /**
   * @param host only futures of its calls are accepted
   * @param nameOf the name of a call in the names of its results
   */
  constructor(host: CallHost, nameOf: (call: Call) => number | string = ({ index }) => index) {
    this.#host = host;
    this.#nameOf = nameOf;
  }

  /** Each future once; undefined if there are none. */
  get found(): readonly Dependency[] | undefined {
    return this.#dependencies === undefined ? undefined : [...this.#dependencies.values()];
  }

  /**
   * The name by which the job finds the result of a future; undefined for other objects. Throws the error of
   * dependent calls if the future has failed, or a Refusal if it belongs to another executor.
   */
  readonly nameOf: Elsewhere = (object) => {
    if (!(object instanceof Future)) return undefined;
    this.#dependencies ??= new Map();
    const dependency = this.#dependencies.get(object) ?? createDependency(object, this.#host);
    this.#dependencies.set(object, dependency);
    return resultName(this.#nameOf(dependency.call), dependency.item);
  };

  addAll({ found = [] }: DependencyFinder): void {
    for (const dependency of found) {
      this.#dependencies ??= new Map();
      this.#dependencies.set(dependency.future as Future<unknown>, dependency);
    }
  }
}

function createDependency(future: Future<unknown>, host: CallHost): Dependency {
  const source = sourceOf(future);
  const [call, item] = source instanceof ItemSource ? [source.call, source.item] : [source, 0];
  const isOurs = source instanceof FailedSource || (call instanceof Call && call.isOf(host));
  if (!isOurs)
    throw new Refusal('a Future of another job set (each executor, and each map, has its own)', REMEDY);
  if (future.cancelled() || future.state === 'failed') throw dependencyFailure(future);
  if (call === source && (call as Call).items > 0)
    throw new Refusal('a Future of several calls at once', REMEDY);
  return { future, call: call as Call, item };
}

/** The names of results in the journal; {@link findDependencies} is the inverse. */
export function dependencyNames(dependencies: readonly Dependency[]): string[] {
  return dependencies.map(({ call, item }) => resultName(call.index, item));
}

/** @param futures futures of calls that an earlier process made */
export function findDependencies(
  names: readonly string[],
  callsByIndex: ReadonlyMap<number, Call>,
  futures: ReadonlyMap<Call, Future<unknown>>,
): Dependency[] {
  return names.flatMap((name) => {
    const { call: index, item } = parseResultName(name);
    const call = callsByIndex.get(Number(index));
    const future = call === undefined ? undefined : futures.get(call);
    return call === undefined || future === undefined ? [] : [{ future, call, item }];
  });
}

/** The error of calls that were given this future, which failed or was cancelled. */
export function dependencyFailure(future: Future<unknown>): Error {
  const error = errorOf(future);
  return future.cancelled() ? (error as Error) : dependencyError(future, error);
}

function dependencyError(future: Future<unknown>, error: unknown): DependencyError {
  // The first failure explains the whole chain; a chain of thousands must not become a tree of errors.
  if (error instanceof DependencyError)
    return new DependencyError(error.message, error, { cause: error.cause });
  const { jobId } = future;
  const job = jobId === undefined ? '' : `, job ${jobId}`;
  const message = `The call was given the future of a call that failed${job}: ${describeError(error)}`;
  return new DependencyError(message, { future, jobId }, { cause: error });
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : showValue(error);
}
