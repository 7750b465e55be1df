import { DependencyError } from '../dependency-error.ts';
import { PayloadError } from '../errors.ts';
import { parseResultName } from '../job-set/names.ts';
import type { CallOptions, EncodedOutcome } from '../payload/call.ts';
import { deserialize } from '../payload/deserialize.ts';
import { decodeThrown } from '../payload/thrown.ts';
import { readResult } from './read-job.ts';

/** What other calls have returned, of which the job's calls were given the futures. */
export class ResultsReader {
  readonly #directory: string;
  readonly #options: CallOptions;
  /** Calls of one job may need the same. */
  readonly #outcomes = new Map<number, EncodedOutcome>();

  constructor(directory: string, options: CallOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * A new copy of what the call of that name has returned.
   * @throws {DependencyError} if it failed; {@link OwnershipError} {@link PayloadError}
   */
  async read(name: string): Promise<unknown> {
    const { call, item } = parseResultName(name);
    const outcome = this.#outcomes.get(call) ?? readResult(this.#directory, call);
    this.#outcomes.set(call, outcome);
    const { items, host, pid } = outcome;
    // A call that failed as a whole has one outcome, however many results were expected.
    const found = items[item] ?? items[0];
    if (found === undefined) throw new PayloadError(`The outcome of call ${call} holds no result ${item}`);
    if ('primitive' in found) return found.primitive;
    if ('value' in found) return deserialize(found.value, this.#options);
    if ('timeLimit' in found) throw failure('it ran longer than its time limit');
    const error = await decodeThrown(found.thrown, `condor-futures call ${call} (${host}, pid ${pid})`);
    throw isOfSubmitter(error) ? error : failure(String(error), error);
  }
}

function failure(words: string, cause?: unknown): DependencyError {
  return new DependencyError(`The call was given the future of a call that failed: ${words}`, {}, { cause });
}

/** The program that submits has put it in the place of a result. */
function isOfSubmitter(error: unknown): boolean {
  return error instanceof DependencyError || (error as Error | undefined)?.name === 'CancelledError';
}
