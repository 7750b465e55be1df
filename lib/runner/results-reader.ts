import { DependencyError, PayloadError } from '../base/errors.ts';
import { parseResultName } from '../job-set/names.ts';
import type { CallOptions, EncodedOutcome, ItemOutcome } from '../payload/call.ts';
import { deserializeWith } from '../payload/deserialize.ts';
import type { Identities } from '../payload/identities.ts';
import { type EncodedThrown, encodeThrown } from '../payload/thrown-values.ts';
import { readResult } from './read-job.ts';

/** Reads results of other calls, whose futures were given to the calls of this job. */
export class ResultsReader {
  readonly #directory: string;
  readonly #options: CallOptions;
  /** Outcomes by the key of their call, because several calls of one job may need the same result. */
  readonly #outcomes = new Map<string, EncodedOutcome>();

  constructor(directory: string, options: CallOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * @param name as resultName() makes it
   * @param identities of the call that needs the result; by default of the process
   * @returns a new copy of the call's result
   * @throws an error that {@link thrownOf} turns into a DependencyError, if the call failed; {@link
   * OwnershipError} {@link PayloadError}
   */
  async read(name: string, identities?: Identities): Promise<unknown> {
    const { call, item } = parseResultName(name);
    const outcome = this.#outcomes.get(call) ?? readResult(this.#directory, call);
    this.#outcomes.set(call, outcome);
    const { items } = outcome;
    // A call that failed as a whole has one outcome, however many results were expected.
    const found = items[item] ?? items[0];
    if (found === undefined) throw new PayloadError(`The outcome of call ${call} holds no result ${item}`);
    if ('primitive' in found) return found.primitive;
    if ('value' in found) return deserializeWith(found.value, this.#options, undefined, identities);
    throw new FailedResult(encodeFailure(found));
  }
}

/**
 * Encodes what a call threw; if the call failed because a result it needs is an error, encodes that error.
 */
export function thrownOf(error: unknown): EncodedThrown {
  return error instanceof FailedResult ? error.thrown : encodeThrown(error);
}

/**
 * Holds an error that stays encoded, because its class may be known to the submitting program but not in this
 * job.
 */
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
  // The submitting program wrote it in place of a result.
  if (isError && WRITTEN_BY_SUBMITTER.has(thrown.name)) return thrown;
  const description = isError ? `${thrown.name}: ${thrown.message}` : 'it threw what is no Error';
  const error = encodeThrown(new DependencyError(lead + description, {}));
  if (error.kind === 'value') return error;
  return { ...error, cause: thrown };
}

const WRITTEN_BY_SUBMITTER: ReadonlySet<string> = new Set(['DependencyError', 'CancelledError']);
