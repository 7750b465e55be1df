import { CommandError, CommandNotFoundError, SubmitError } from '../../errors.ts';
import type {
  BatchSystem,
  EventSource,
  JobBatch,
  JobEvent,
  JobPlace,
  SubmitOptions,
} from '../batch-system.ts';
import { runCommand, type CommandOutput } from '../run-command.ts';
import { parseEventLog } from './event-log.ts';
import { LISTED_ATTRIBUTES, parseQueueListing } from './queue-listing.ts';
import {
  checkDirectoryName,
  checkSubmitOptions,
  submissionConstraint,
  submitDescription,
} from './submit-description.ts';

/** How many job ids one command line takes. */
const IDS_PER_COMMAND = 2000;

/** What condor_submit says when nobody answers, rather than refuses. */
const NO_SCHEDD = /address (of|for)|connect to|SECMAN|unknown host/i;

/** Which HTCondor, as the command-line tools are told with `-pool` and `-name`. */
export interface HTCondorPlace {
  readonly pool?: string | undefined;
  readonly schedd?: string | undefined;
}

/** HTCondor through its command-line tools. */
export class HTCondorSystem implements BatchSystem {
  readonly name = 'HTCondor';
  readonly events: EventSource = { kind: 'log', parse: parseEventLog };
  /** Where the job runs, which of its machine's GPUs it has, and how it speaks to its starter. */
  readonly jobVariables: RegExp =
    /^(_CONDOR_.*|BATCH_SYSTEM|CUDA_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|NVIDIA_VISIBLE_DEVICES)$/;
  /** The arguments that lead each tool to the schedd. */
  readonly #place: readonly string[];

  constructor({ pool, schedd }: HTCondorPlace) {
    this.#place = [
      ...(pool === undefined ? [] : ['-pool', pool]),
      ...(schedd === undefined ? [] : ['-name', schedd]),
    ];
  }

  checkSubmitOptions(submit: SubmitOptions): void {
    checkSubmitOptions(submit);
  }

  checkPlace({ directory, cwd }: JobPlace): void {
    checkDirectoryName('directory', directory);
    checkDirectoryName('the current directory', cwd);
  }

  async submit(batch: JobBatch): Promise<string[]> {
    const output = await this.#runSubmit(batch);
    const ids = parseTerse(output.stdout);
    if (ids.length === batch.jobs.length) return ids;
    const said = (output.stdout + output.stderr).trim();
    const failure = { command: 'condor_submit', exitCode: 0, stderr: output.stderr };
    const afterwards = await this.#removeQueued(batch);
    throw new SubmitError(
      `condor_submit answered for ${ids.length} of ${batch.jobs.length} jobs: ${said}${afterwards}`,
      failure,
    );
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

  async #runSubmit(batch: JobBatch): Promise<CommandOutput> {
    try {
      const output = await runCommand('condor_submit', [...this.#place, '-terse'], submitDescription(batch));
      for (const [warning] of output.stderr.matchAll(/^WARNING: .*/gm)) {
        process.emitWarning(`condor_submit: ${warning}`, 'CondorFuturesWarning');
      }
      return output;
    } catch (error) {
      if (!(error instanceof CommandError) || error instanceof CommandNotFoundError) throw error;
      const remedy = NO_SCHEDD.test(error.stderr)
        ? '. Remedy: see with condor_q whether the schedd is up, or name another one with the option `schedd`'
        : await this.#removeQueued(batch);
      throw new SubmitError(`HTCondor took no jobs: ${error.message}${remedy}`, error, { cause: error });
    }
  }

  /**
   * Removes what a condor_submit that failed may have queued all the same, so that nothing runs for nobody.
   * @returns what to add to its error: how to remove the jobs if that failed, too
   */
  async #removeQueued(batch: JobBatch): Promise<string> {
    const constraint = submissionConstraint(batch);
    try {
      await this.#runRemove(['-constraint', constraint]);
      return '';
    } catch {
      return `. Whether it queued any is not known; to remove them: condor_rm -constraint '${constraint}'`;
    }
  }

  async #runRemove(args: readonly string[]): Promise<void> {
    try {
      await runCommand('condor_rm', [...this.#place, ...args]);
    } catch (error) {
      // Of jobs that have left the queue it says that it could not find them.
      if (!(error instanceof CommandError && /not found|couldn't find/i.test(error.stderr))) throw error;
    }
  }

  async #list(
    command: 'condor_q' | 'condor_history',
    ids: readonly string[],
  ): Promise<Map<string, JobEvent>> {
    const found = new Map<string, JobEvent>();
    for (const some of slices(ids)) {
      const { stdout } = await runCommand(command, [
        ...this.#place,
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

/** The ids that `condor_submit -terse` prints as ranges, one for each cluster: `12.0 - 12.99`. */
export function parseTerse(text: string): string[] {
  return [...text.matchAll(/^(\d+)\.(\d+) - \1\.(\d+)\s*$/gm)].flatMap(([, cluster, first, last]) =>
    Array.from(
      { length: Number(last) - Number(first) + 1 },
      (_, index) => `${cluster}.${Number(first) + index}`,
    ),
  );
}

function slices(ids: readonly string[]): string[][] {
  const count = Math.ceil(ids.length / IDS_PER_COMMAND);
  return Array.from({ length: count }, (_, index) =>
    ids.slice(index * IDS_PER_COMMAND, (index + 1) * IDS_PER_COMMAND),
  );
}
