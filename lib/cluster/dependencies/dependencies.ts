import { showValue } from '../../base/checks.ts';
import { DependencyError } from '../../base/errors.ts';
import type { FutureSource, JobControl, Usage } from '../../futures/future-source.ts';
import { control, Future, FutureController } from '../../futures/future.ts';
import type { ItemResult } from '../../futures/map-results.ts';
import type { OutputFile } from '../../job-set/call-outputs.ts';
import { parseResultName, resultName } from '../../job-set/names.ts';
import { Refusal } from '../../payload/capture/refusal.ts';
import type { Elsewhere } from '../../payload/capture/sink.ts';
import { Call, type CallHost } from '../calls/call.ts';
import { FailedSource } from '../calls/failed-future.ts';

/** The result of another call that a call needs, as it was given its future. */
export interface Dependency {
  /** The one that it was given, or that of the job, of calls that an earlier process made; let go when it has returned. */
  future: Future<unknown> | undefined;
  readonly call: Call;
  /** Which of the results of the call's job it is. */
  readonly item: number;
}

const REMEDY = 'Await it, and send what it gives.';

/** Finds futures in the arguments of a call. */
export class DependencyFinder {
  readonly #host: CallHost;
  readonly #nameOf: (call: Call) => number | string;
  #found: Map<Future<unknown>, Dependency> | undefined;

  /**
   * @param host whose calls the futures have to be those of
   * @param nameOf what stands for a call where its result is looked for
   */
  constructor(host: CallHost, nameOf: (call: Call) => number | string = ({ index }) => index) {
    this.#host = host;
    this.#nameOf = nameOf;
  }

  /** Each future once; undefined if there are none. */
  get found(): readonly Dependency[] | undefined {
    return this.#found === undefined ? undefined : [...this.#found.values()];
  }

  /**
   * By which name the job finds the result of a future; undefined for other objects. Throws what its call fails with, if the future has failed,
   * or a Refusal if it is another executor's.
   */
  readonly nameOf: Elsewhere = (object) => {
    if (!(object instanceof Future)) return undefined;
    this.#found ??= new Map();
    const need = this.#found.get(object) ?? needOf(object, this.#host);
    this.#found.set(object, need);
    return resultName(this.#nameOf(need.call), need.item);
  };

  /** What another has found is needed too. */
  addAll({ found = [] }: DependencyFinder): void {
    for (const dependency of found) {
      this.#found ??= new Map();
      this.#found.set(dependency.future as Future<unknown>, dependency);
    }
  }
}

function needOf(future: Future<unknown>, host: CallHost): Dependency {
  const source = control.sourceOf(future);
  const [call, item] = source instanceof ItemSource ? [source.call, source.item] : [source, 0];
  const isOurs = source instanceof FailedSource || (call instanceof Call && call.isOf(host));
  if (!isOurs)
    throw new Refusal('a Future of another job set (each executor, and each map, has its own)', REMEDY);
  if (future.cancelled() || future.state === 'failed') throw failureOf(future);
  if (call === source && (call as Call).items > 0)
    throw new Refusal('a Future of several calls at once', REMEDY);
  return { future, call: call as Call, item };
}

/** What a call fails with that was given a future which failed, or was cancelled. */
export function failureOf(future: Future<unknown>): Error {
  const error = control.errorOf(future);
  return future.cancelled() ? (error as Error) : dependencyError(future, error);
}

/** What the journal calls the results that a call needs. */
export function dependencyNames(dependencies: readonly Dependency[]): string[] {
  return dependencies.map(({ call, item }) => resultName(call.index, item));
}

/**
 * What {@link dependencyNames} was made of.
 * @param futures those of the calls that an earlier process made, by number
 */
export function findDependencies(
  names: readonly string[],
  calls: ReadonlyMap<number, Call>,
  futures: ReadonlyMap<Call, Future<unknown>>,
): Dependency[] {
  return names.flatMap((name) => {
    const { call: index, item } = parseResultName(name);
    const call = calls.get(Number(index));
    const future = call === undefined ? undefined : futures.get(call);
    return call === undefined || future === undefined ? [] : [{ future, call, item }];
  });
}

/** Of the future of one call of a chunk. */
export class ItemSource implements FutureSource {
  readonly call: Call;
  /** Which one of the chunk's calls it is. */
  readonly item: number;
  readonly onCancel: () => void;

  constructor(call: Call, item: number, onCancel: () => void) {
    this.call = call;
    this.item = item;
    this.onCancel = onCancel;
  }

  get jobId(): string | undefined {
    return this.call.jobId;
  }

  get host(): string | undefined {
    return this.call.host;
  }

  get usage(): Usage | undefined {
    return this.call.usage;
  }

  get attempts(): number {
    return this.call.attempts;
  }

  get control(): JobControl {
    return this.call.control;
  }

  async stdout(): Promise<string> {
    return this.call.stdout();
  }

  async stderr(): Promise<string> {
    return this.call.stderr();
  }

  async outputFiles(): Promise<readonly OutputFile[]> {
    return this.call.outputFiles(this.call.items > 1 ? this.item : undefined);
  }
}

/** A future for each call of a chunk. The chunk's job is removed when all of them are cancelled. */
export function itemFutures(call: Call, chunk: Future<unknown>): Future<unknown>[] {
  let wanted = call.items;
  const onCancel = (): void => {
    wanted -= 1;
    if (wanted === 0 && !call.done) call.future.cancel();
  };
  const controllers = Array.from(
    { length: call.items },
    (_, item) => new FutureController<unknown>(new ItemSource(call, item, onCancel)),
  );
  settleWith(chunk, controllers);
  return controllers.map(({ future }) => future);
}

function settleWith(chunk: Future<unknown>, controllers: readonly FutureController<unknown>[]): void {
  const open = (): FutureController<unknown>[] => controllers.filter(({ future }) => !future.done());
  chunk.then(
    (results) => {
      for (const [index, result] of (results as ItemResult<unknown>[]).entries()) {
        const controller = controllers[index];
        if (controller === undefined || controller.future.done()) continue;
        if ('thrown' in result) controller.reject(result.thrown);
        else controller.resolve(result.value);
      }
    },
    (error: unknown) => {
      for (const controller of open()) {
        if (chunk.cancelled()) controller.future.cancel((error as Error).cause);
        else controller.reject(error);
      }
    },
  );
}

/** The error of a call that was given a future which failed with this. */
export function dependencyError(future: Future<unknown>, error: unknown): DependencyError {
  // One that says who failed at first says all: a chain of thousands is not to be a tree of errors.
  if (error instanceof DependencyError)
    return new DependencyError(error.message, error, { cause: error.cause });
  const { jobId } = future;
  const job = jobId === undefined ? '' : `, job ${jobId}`;
  const message = `The call was given the future of a call that failed${job}: ${wordsOf(error)}`;
  return new DependencyError(message, { future, jobId }, { cause: error });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : showValue(error);
}
