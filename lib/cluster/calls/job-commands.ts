import { JobControlError } from '../../base/errors.ts';
import { warn } from '../../base/warn.ts';
import type { BatchSystem, JobAction } from '../../batch/batch-system.ts';
import { methodOf } from '../../batch/job-actions.ts';

/** A command that a busy or restarting schedd does not answer is repeated for a minute and a half in all. */
const MAX_ATTEMPTS = 12;
const PAUSE_MS = 2000;
const MAX_PAUSE_MS = 10_000;

interface Request {
  readonly jobId: string;
  readonly jobSetId: string;
  readonly action: JobAction | { readonly kind: 'remove' };
  readonly onAccepted: () => void;
  readonly onFailed: (error: unknown) => void;
  failures: number;
}

/**
 * Removes, holds and releases jobs. Requests of one tick, or made while a command is running, are combined
 * into one command for each action; the order of the requests for one job is kept.
 */
export class JobCommands {
  readonly #system: BatchSystem;
  readonly #onFailedRemoval: (jobIds: readonly string[], error: unknown) => void;
  #pending: Request[] = [];
  #work: Promise<void> | undefined;

  constructor(system: BatchSystem, onFailedRemoval: (jobIds: readonly string[], error: unknown) => void) {
    this.#system = system;
    this.#onFailedRemoval = onFailedRemoval;
  }

  /** Removes a job; `onFailedRemoval` is called if that fails for good. */
  remove(jobId: string, jobSetId: string): void {
    this.#add({
      jobId,
      jobSetId,
      action: { kind: 'remove' },
      onAccepted: () => {},
      onFailed: () => {},
      failures: 0,
    });
  }

  /** Releases a held job because of a policy; a failure becomes a warning. */
  release(jobId: string, jobSetId: string): void {
    this.act(jobId, { kind: 'release' }, jobSetId).catch((error: unknown) => {
      warn(`The held job ${jobId} could not be released: ${String(error)}`);
    });
  }

  /**
   * @throws {JobControlError} if the system refuses; {@link CommandError} if it does not answer for too long
   */
  async act(jobId: string, action: JobAction, jobSetId: string): Promise<void> {
    return new Promise((onAccepted, onFailed) => {
      this.#add({ jobId, jobSetId, action, onAccepted, onFailed, failures: 0 });
    });
  }

  /** Resolves when all requests have been executed. */
  async idle(): Promise<void> {
    await this.#work;
  }

  #add(request: Request): void {
    this.#pending.push(request);
    this.#work ??= this.#runAll();
  }

  async #runAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) await this.#run(this.#takeGroup());
    this.#work = undefined;
  }

  /**
   * Takes the first request, and those for the same action on other jobs of the job set that have no earlier
   * request.
   */
  #takeGroup(): Request[] {
    const [first] = this.#pending as [Request];
    const kindOf = ({ action, jobSetId }: Request): string => JSON.stringify([action, jobSetId]);
    const kind = kindOf(first);
    const seen = new Set<string>();
    const group: Request[] = [];
    const rest: Request[] = [];
    for (const request of this.#pending) {
      const isNext = !seen.has(request.jobId) && kindOf(request) === kind;
      (isNext ? group : rest).push(request);
      if (!isNext) seen.add(request.jobId);
    }
    this.#pending = rest;
    return group;
  }

  async #run(group: readonly Request[]): Promise<void> {
    const [{ action, jobSetId }] = group as [Request];
    const jobIds = [...new Set(group.map(({ jobId }) => jobId))];
    try {
      if (action.kind === 'remove') return await this.#system.remove(jobIds, jobSetId);
      const refusals = await this.#system.act(action, jobIds, jobSetId);
      for (const { jobId, onAccepted, onFailed } of group) {
        const reason = refusals.get(jobId);
        if (reason === undefined) onAccepted();
        else onFailed(new JobControlError(methodOf(action), jobId, reason));
      }
    } catch (error) {
      await this.#onError(group, error);
    }
  }

  async #onError(group: readonly Request[], error: unknown): Promise<void> {
    for (const request of group) request.failures += 1;
    const [failed, repeated] = [
      group.filter(({ failures }) => failures >= MAX_ATTEMPTS),
      group.filter(({ failures }) => failures < MAX_ATTEMPTS),
    ];
    for (const { onFailed } of failed) onFailed(error);
    const unremoved = failed.filter(({ action }) => action.kind === 'remove').map(({ jobId }) => jobId);
    if (unremoved.length > 0) this.#onFailedRemoval(unremoved, error);
    if (repeated.length === 0) return;
    this.#pending = [...repeated, ...this.#pending];
    const pause = PAUSE_MS * repeated.reduce((most, { failures }) => Math.max(most, failures), 0);
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, MAX_PAUSE_MS)));
  }
}

/** The `onFailedRemoval` of executors. */
export function warnOfUnremoved(jobIds: readonly string[], error: unknown): void {
  const some = jobIds.slice(0, 10).join(' ');
  warn(`${jobIds.length} jobs could not be removed from the queue (${some}…): ${String(error)}`);
}
