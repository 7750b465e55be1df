import { CommandError } from '../../errors.ts';
import type { ClassAd, JobEvent } from '../batch-system.ts';
import type { CommandOutput } from '../run-command.ts';
import type { Factories } from './factories.ts';
import { jobConstraint } from './job-constraint.ts';
import { LISTED_ATTRIBUTES, parseClassAds, parseQueueListing } from './queue-listing.ts';

/** How many job ids one command line takes. */
const IDS_PER_COMMAND = 2000;

type Command = 'condor_q' | 'condor_history';

/** Asks HTCondor for jobs: first the queue, then the history for those that have left it. */
export class JobQueries {
  readonly #run: (command: Command, args: readonly string[]) => Promise<CommandOutput>;
  readonly #factories: Factories;

  constructor(
    run: (command: Command, args: readonly string[]) => Promise<CommandOutput>,
    factories: Factories,
  ) {
    this.#run = run;
    this.#factories = factories;
  }

  /** @throws {CommandError} if either gives no answer */
  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const clusters = new Set(jobIds.map((id) => id.split('.')[0] ?? id));
    const queued = await this.#list('condor_q', [...clusters], listing, parseQueueListing);
    this.#factories.onQueued([...queued.keys()]);
    const late = await this.#factories.status(jobIds.filter((id) => !queued.has(id)));
    return this.#addEnded(jobIds, new Map([...queued, ...late]), async (missing) =>
      this.#list('condor_history', missing, listing, parseQueueListing),
    );
  }

  /** @throws {CommandError} if either gives no answer */
  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const found = await this.#list('condor_q', jobIds, adsInQueue, parseClassAds);
    return this.#addEnded(jobIds, found, async (missing) =>
      this.#list('condor_history', missing, adsInHistory, parseClassAds),
    );
  }

  async #addEnded<T>(
    jobIds: readonly string[],
    found: Map<string, T>,
    ask: (missing: readonly string[]) => Promise<Map<string, T>>,
  ): Promise<Map<string, T>> {
    const missing = jobIds.filter((id) => !found.has(id));
    const ended = missing.length === 0 ? [] : await ask(missing).catch(noneWithoutHistory);
    return new Map([...ended, ...found]);
  }

  async #list<T>(
    command: Command,
    ids: readonly string[],
    argumentsFor: (ids: readonly string[]) => readonly string[],
    parse: (listing: string) => Map<string, T>,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    for (const some of idSlices(ids)) {
      const { stdout } = await this.#run(command, argumentsFor(some));
      for (const [id, entry] of parse(stdout)) found.set(id, entry);
    }
    return found;
  }
}

/** As many ids as a command line takes, and so on. */
export function idSlices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_PER_COMMAND);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}

function listing(ids: readonly string[]): string[] {
  return ['-json', '-attributes', LISTED_ATTRIBUTES.join(','), ...ids];
}

function adsInQueue(ids: readonly string[]): string[] {
  return ['-json', '-constraint', jobConstraint(ids)];
}

function adsInHistory(ids: readonly string[]): string[] {
  return ['-json', '-match', String(ids.length), ...ids];
}

/** A pool without a history file has nothing to say about jobs that have left the queue; any other error says nothing at all. */
function noneWithoutHistory(error: unknown): [] {
  if (error instanceof CommandError && /\bHISTORY is (unset|not defined)/.test(error.stderr)) return [];
  throw error;
}
