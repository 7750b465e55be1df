import { customAlphabet } from 'nanoid';
import { DirectoryError } from '../../base/errors.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { givenName, resultName } from '../../job-set/names.ts';
import { keepResult } from '../../job-set/results.ts';
import type { Call, CallHost } from '../calls/call.ts';
import { failureOf, type Dependency, DependencyFinder } from './dependencies.ts';

const randomWord = customAlphabet('0123456789abcdefghijkmnopqrstuvwxyz', 16);

/** The numbers of calls are those of the map's own in its job set, and of several executors, one after the other. */
const names = new WeakMap<Call, string>();

function nameOf(call: Call): string {
  const name = names.get(call) ?? givenName(randomWord());
  names.set(call, name);
  return name;
}

/** Finds futures of an executor in the inputs of its maps, whose job sets are others. */
export class MapDependencyFinder extends DependencyFinder {
  /** @param host the executor's, rather than the map's */
  constructor(host: CallHost) {
    super(host, nameOf);
  }

  /** What the journal calls the results that were found. */
  get resultNames(): string[] | undefined {
    return this.found?.map(({ call, item }) => resultName(nameOf(call), item));
  }
}

/**
 * Resolves when all that was found is done, and has a value.
 * @throws {DependencyError} {@link CancelledError} as soon as one fails; the signal's reason
 */
export async function awaitDependencies(
  finders: readonly DependencyFinder[],
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const futures = new Set(needsOfAll(finders).map(({ future }) => future as NonNullable<typeof future>));
  if (futures.size === 0) return;
  const over = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', stop, { signal: over.signal });
  });
  const all = [...futures].map(async (future) => {
    await Promise.allSettled([future]);
    if (future.state !== 'finished') throw failureOf(future);
  });
  try {
    await Promise.race([Promise.all(all), aborted]);
  } finally {
    over.abort();
  }
}

/**
 * Brings what was found, and is done, into the job set of a map, where it stays whatever becomes of the executor's.
 * @throws {DirectoryError} if it is gone; {@link OwnershipError}; what the filesystem says
 */
export async function copyResults(
  { directory }: JobSet,
  finders: readonly DependencyFinder[],
): Promise<void> {
  const calls = new Set(needsOfAll(finders).map(({ call }) => call));
  for (const call of calls) {
    if (await takeOne(directory, call)) continue;
    const from = call.jobSet?.directory ?? directory;
    const message = `What call ${call.index} returned is not in the job set ${from} any more, from where the map would take it. Remedy: await the future, and send what it gives`;
    throw new DirectoryError(message, from);
  }
}

async function takeOne(directory: string, call: Call): Promise<boolean> {
  if (call.jobSet === undefined || !call.hasOutcome) return false;
  const given = { from: call.jobSet.directory, name: nameOf(call) };
  const source = { call: call.index, key: call.key, archivedAt: () => call.archivedAt, given };
  return keepResult(directory, source).catch(falseIfGone);
}

function needsOfAll(finders: readonly DependencyFinder[]): Dependency[] {
  return finders.flatMap(({ found = [] }) => found);
}

function falseIfGone(error: NodeJS.ErrnoException): boolean {
  if (error.code === 'ENOENT') return false;
  throw error;
}
