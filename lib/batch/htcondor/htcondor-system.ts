import { CommandError, SubmitError } from '../../errors.ts';
import { patiently } from '../patiently.ts';
import type {
  BatchSystem,
  EventSource,
  JobBatch,
  JobEvent,
  JobPlace,
  SubmitOptions,
} from '../batch-system.ts';
import { COMMAND_TIMEOUT_MS, runCommand, type CommandOutput } from '../run-command.ts';
import { parseEventLog } from './event-log.ts';
import { LISTED_ATTRIBUTES, parseQueueListing } from './queue-listing.ts';
import { checkDirectoryName, checkEnvironment, checkSubmitOptions } from './submit-description.ts';
import { Submission } from './submission.ts';

/** How many job ids one command line takes. */
const IDS_PER_COMMAND = 2000;

/** Which HTCondor, as the command-line tools are told with `-pool` and `-name`, and how long to wait for it. */
export interface HTCondorPlace {
  readonly pool?: string | undefined;
  readonly schedd?: string | undefined;
  readonly commandTimeout?: number | undefined;
  readonly submitPatience?: number | undefined;
}

/** How long a schedd may be away, unless it is said: condor_master starts one that has died within seconds. */
export const SUBMIT_PATIENCE_MS = 60_000;

/** HTCondor through its command-line tools. */
export class HTCondorSystem implements BatchSystem {
  readonly name = 'HTCondor';
  readonly events: EventSource = { kind: 'log', parse: parseEventLog };
  /** The arguments that lead each tool to the schedd. */
  readonly #place: readonly string[];
  readonly #timeout: number;
  readonly #patience: number;

  constructor({ pool, schedd, commandTimeout, submitPatience }: HTCondorPlace) {
    this.#timeout = commandTimeout ?? COMMAND_TIMEOUT_MS;
    this.#patience = submitPatience ?? SUBMIT_PATIENCE_MS;
    this.#place = [
      ...(pool === undefined ? [] : ['-pool', pool]),
      ...(schedd === undefined ? [] : ['-name', schedd]),
    ];
  }

  checkSubmitOptions(submit: SubmitOptions): void {
    checkSubmitOptions(submit);
  }

  checkPlace({ directory, cwd, environment }: JobPlace): void {
    checkDirectoryName('directory', directory);
    checkDirectoryName('the current directory', cwd);
    checkEnvironment(environment);
  }

  async submit(batch: JobBatch, signal?: AbortSignal): Promise<string[]> {
    const submission = new Submission(batch, {
      run: async (command, args, input) => this.#run(command, args, input),
      remove: async (constraint) => this.#runRemove(['-constraint', constraint]),
    });
    try {
      return await patiently(async () => submission.attempt(), {
        longest: this.#patience,
        signal,
        mayPass: (error) => error instanceof SubmitError && error.transient,
        onFirstFailure: (error) => warnOfWaiting(this.#patience, error),
      });
    } catch (error) {
      throw await submission.giveUp(error);
    }
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (const ids of slices(jobIds))
      await this.#runRemove(ids).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const clusters = new Set(jobIds.map((id) => id.split('.')[0] ?? id));
    const found = await this.#list('condor_q', [...clusters]);
    const missing = jobIds.filter((id) => !found.has(id));
    // A pool without a history file has nothing to say about jobs that have left the queue.
    const ended = missing.length === 0 ? [] : await this.#list('condor_history', missing).catch(() => []);
    return new Map([...ended, ...found]);
  }

  async close(): Promise<void> {}

  async #run(command: string, args: readonly string[], input = ''): Promise<CommandOutput> {
    return runCommand(command, [...this.#place, ...args], { input, timeout: this.#timeout });
  }

  async #runRemove(args: readonly string[]): Promise<void> {
    try {
      await this.#run('condor_rm', args);
    } catch (error) {
      if (!(error instanceof CommandError && saysGone(error.stderr))) throw error;
    }
  }

  async #list(
    command: 'condor_q' | 'condor_history',
    ids: readonly string[],
  ): Promise<Map<string, JobEvent>> {
    const found = new Map<string, JobEvent>();
    for (const some of slices(ids)) {
      const { stdout } = await this.#run(command, [
        '-json',
        '-attributes',
        LISTED_ATTRIBUTES.join(','),
        ...some,
      ]);
      for (const [id, event] of parseQueueListing(stdout)) found.set(id, event);
    }
    return found;
  }
}

function warnOfWaiting(patience: number, error: unknown): void {
  const limit = patience === Infinity ? '' : `, for ${patience / 1000} s at the most`;
  const message = `Jobs wait to be submitted${limit}: ${(error as Error).message}`;
  process.emitWarning(message, 'CondorFuturesWarning');
}

/**
 * Whether condor_rm failed only because jobs have left the queue. Where the schedd does not answer it says that it could not find them
 * as well, but above that, why.
 */
function saysGone(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => /^Job \S+ not found|^Couldn't find/.test(line));
}

function slices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_PER_COMMAND);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}
