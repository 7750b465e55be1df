import { JobControlError } from '../../base/errors.ts';
import type { BatchSystem, JobAction } from '../../batch/batch-system.ts';
import { methodOf } from '../../batch/job-actions.ts';

/** A schedd that is busy or restarting is asked again, after a pause that grows: for a minute and a half in all. */
const TRIES = 12;
const PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 10_000;

interface Request {
  readonly jobId: string;
  readonly action: JobAction | { readonly kind: 'remove' };
  readonly onAccepted: () => void;
  readonly onFailed: (error: unknown) => void;
  failures: number;
}

/**
 * Removes jobs from the queue, holds them and so on: what is asked for in one tick, or while a command is running, goes into one
 * command for each action. What is asked for one job is done in its order.
 */
export class JobCommands {
  readonly #system: BatchSystem;
  readonly #onFailedRemoval: (jobIds: readonly string[], error: unknown) => void;
  #waiting: Request[] = [];
  #working: Promise<void> | undefined;

  constructor(system: BatchSystem, onFailedRemoval: (jobIds: readonly string[], error: unknown) => void) {
    this.#system = system;
    this.#onFailedRemoval = onFailedRemoval;
  }

  /** Removes a job; the executor is told if that goes on failing. */
  remove(jobId: string): void {
    this.#add({ jobId, action: { kind: 'remove' }, onAccepted: nothing, onFailed: nothing, failures: 0 });
  }

  /** Lets a held job go, as a policy wants it; what is against it becomes a warning. */
  release(jobId: string): void {
    this.act(jobId, { kind: 'release' }).catch((error: unknown) => {
      process.emitWarning(
        `The held job ${jobId} could not be released: ${String(error)}`,
        'CondorFuturesWarning',
      );
    });
  }

  /** @throws {JobControlError} if the system refuses; {@link CommandError} if it goes on giving no answer */
  async act(jobId: string, action: JobAction): Promise<void> {
    return new Promise((onAccepted, onFailed) => {
      this.#add({ jobId, action, onAccepted, onFailed, failures: 0 });
    });
  }

  /** Resolves when all that was asked for has been done. */
  async idle(): Promise<void> {
    await this.#working;
  }

  #add(request: Request): void {
    this.#waiting.push(request);
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#run(this.#takeGroup());
    this.#working = undefined;
  }

  /** The first request, with all that ask for the same of other jobs and have none before them. */
  #takeGroup(): Request[] {
    const [first] = this.#waiting as [Request];
    const action = JSON.stringify(first.action);
    const seen = new Set<string>();
    const group: Request[] = [];
    const rest: Request[] = [];
    for (const request of this.#waiting) {
      const isNext = !seen.has(request.jobId) && JSON.stringify(request.action) === action;
      (isNext ? group : rest).push(request);
      if (!isNext) seen.add(request.jobId);
    }
    this.#waiting = rest;
    return group;
  }

  async #run(group: readonly Request[]): Promise<void> {
    const [{ action }] = group as [Request];
    const jobIds = [...new Set(group.map(({ jobId }) => jobId))];
    try {
      if (action.kind === 'remove') return await this.#system.remove(jobIds);
      const refusals = await this.#system.act(action, jobIds);
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
    const [lost, again] = [
      group.filter(({ failures }) => failures >= TRIES),
      group.filter(({ failures }) => failures < TRIES),
    ];
    for (const { onFailed } of lost) onFailed(error);
    const unremoved = lost.filter(({ action }) => action.kind === 'remove').map(({ jobId }) => jobId);
    if (unremoved.length > 0) this.#onFailedRemoval(unremoved, error);
    if (again.length === 0) return;
    this.#waiting = [...again, ...this.#waiting];
    const pause = PAUSE_MS * again.reduce((most, { failures }) => Math.max(most, failures), 0);
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, LONGEST_PAUSE_MS)));
  }
}

function nothing(): void {}

/** What an executor says of removals that go on failing. */
export function warnOfUnremoved(jobIds: readonly string[], error: unknown): void {
  const some = jobIds.slice(0, 10).join(' ');
  process.emitWarning(
    `${jobIds.length} jobs could not be removed from the queue (${some}…): ${String(error)}`,
    'CondorFuturesWarning',
  );
}
