import { DependencyError, PayloadError } from '../base/errors.ts';
import { parseResultName } from '../job-set/names.ts';
import type { CallOptions, EncodedOutcome, ItemOutcome } from '../payload/call.ts';
import { deserialize } from '../payload/deserialize.ts';
import { type EncodedThrown, encodeThrown } from '../payload/thrown-values.ts';
import { readResult } from './read-job.ts';

/** What other calls have returned, of which the job's calls were given the futures. */
export class ResultsReader {
  readonly #directory: string;
  readonly #options: CallOptions;
  /** Calls of one job may need the same. */
  readonly #outcomes = new Map<string, EncodedOutcome>();

  constructor(directory: string, options: CallOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * A new copy of what the call of that name has returned.
   * @throws what {@link thrownOf} makes a DependencyError of, if it failed; {@link OwnershipError} {@link PayloadError}
   */
  async read(name: string): Promise<unknown> {
    const { call, item } = parseResultName(name);
    const outcome = this.#outcomes.get(call) ?? readResult(this.#directory, call);
    this.#outcomes.set(call, outcome);
    const { items } = outcome;
    // A call that failed as a whole has one outcome, however many results were expected.
    const found = items[item] ?? items[0];
    if (found === undefined) throw new PayloadError(`The outcome of call ${call} holds no result ${item}`);
    if ('primitive' in found) return found.primitive;
    if ('value' in found) return deserialize(found.value, this.#options);
    throw new FailedResult(encodeFailure(found));
  }
}

/** What a call has thrown; of one whose argument is missing, as the call that was to give it failed, the error of that. */
export function thrownOf(error: unknown): EncodedThrown {
  return error instanceof FailedResult ? error.thrown : encodeThrown(error);
}

/** Not read here: the classes of its error may be known where it goes to, and not in this job. */
class FailedResult extends Error {
  readonly thrown: EncodedThrown;

  constructor(thrown: EncodedThrown) {
    super('The result is an error');
    this.thrown = thrown;
  }
}

function encodeFailure(
  item: Extract<ItemOutcome, { thrown: EncodedThrown } | { timeLimit: number }>,
): EncodedThrown {
  const lead = 'The call was given the future of a call that failed: ';
  if ('timeLimit' in item)
    return encodeThrown(new DependencyError(`${lead}it ran longer than ${item.timeLimit} ms`, {}));
  const { thrown } = item;
  const isError = thrown.kind === 'error';
  // The program that submits has put it in the place of a result.
  if (isError && OWN.has(thrown.name)) return thrown;
  const words = isError ? `${thrown.name}: ${thrown.message}` : 'it threw what is no Error';
  const error = encodeThrown(new DependencyError(lead + words, {}));
  if (error.kind === 'value') return error;
  return { ...error, properties: [...error.properties, ['cause', false, thrown]] };
}

const OWN: ReadonlySet<string> = new Set(['DependencyError', 'CancelledError']);
