import { customAlphabet } from 'nanoid';
import { DirectoryError } from '../../base/errors.ts';
import { isMissing } from '../../base/missing-files.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import { givenName, resultName } from '../../job-set/names.ts';
import { keepResult } from '../../job-set/results.ts';
import type { Call, CallHost, Dependency } from '../calls/call.ts';
import { dependencyFailure, DependencyFinder } from './dependencies.ts';

const randomName = customAlphabet('0123456789abcdefghijkmnopqrstuvwxyz', 16);

/**
 * Names without call numbers, because a map's job set has calls of its own, and may be given results of
 * several executors.
 */
const namesByCall = new WeakMap<Call, string>();

function nameOf(call: Call): string {
  const name = namesByCall.get(call) ?? givenName(randomName());
  namesByCall.set(call, name);
  return name;
}

/** Finds futures of an executor in the inputs of its maps, which have job sets of their own. */
export class MapDependencyFinder extends DependencyFinder {
  /** @param host that of the executor, not of the map */
  constructor(host: CallHost) {
    super(host, nameOf);
  }

  /** The names of the results in the journal. */
  get resultNames(): string[] | undefined {
    return this.found?.map(({ call, item }) => resultName(nameOf(call), item));
  }
}

/**
 * Resolves when all futures that were found have values.
 * @throws {DependencyError} {@link CancelledError} as soon as one fails; the signal's reason
 */
export async function awaitDependencies(
  finders: readonly DependencyFinder[],
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const futures = new Set(allDependencies(finders).map(({ future }) => future as NonNullable<typeof future>));
  if (futures.size === 0) return;
  const listening = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', stop, { signal: listening.signal });
  });
  const all = [...futures].map(async (future) => {
    await Promise.allSettled([future]);
    if (future.state !== 'finished') throw dependencyFailure(future);
  });
  try {
    await Promise.race([Promise.all(all), aborted]);
  } finally {
    listening.abort();
  }
}

/**
 * Copies the results that were found into the job set of a map, where they stay when the executor's job set
 * is removed.
 * @throws {DirectoryError} if a result is gone; {@link OwnershipError}; errors of the file system
 */
export async function copyResults(
  { directory }: JobSet,
  finders: readonly DependencyFinder[],
): Promise<void> {
  const calls = new Set(allDependencies(finders).map(({ call }) => call));
  for (const call of calls) {
    if (await copyResult(directory, call)) continue;
    const from = call.jobSet?.directory ?? directory;
    const message = `What call ${call.index} returned is not in the job set ${from} any more, from where the map would take it. Remedy: await the future, and send what it gives`;
    throw new DirectoryError(message, from);
  }
}

/** @returns whether the result was there */
async function copyResult(directory: string, call: Call): Promise<boolean> {
  if (call.jobSet === undefined || !call.hasOutcome) return false;
  const given = { from: call.jobSet.directory, name: nameOf(call) };
  const source = { call: call.index, key: call.key, archivedAt: () => call.archivedAt, given };
  return keepResult(directory, source).catch((error: unknown) => {
    if (isMissing(error)) return false;
    throw error;
  });
}

function allDependencies(finders: readonly DependencyFinder[]): Dependency[] {
  return finders.flatMap(({ found = [] }) => found);
}
