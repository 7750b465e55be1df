import type { ClassAd } from '../../lib/base/class-ad.ts';
import type {
  BatchSystem,
  EventSource,
  JobAction,
  JobBatch,
  JobEvent,
  SubmittedBatch,
} from '../../lib/batch/batch-system.ts';

/** A batch system whose jobs do nothing: the spec tells what becomes of them. */
export class ScriptedSystem implements BatchSystem {
  readonly name: string = 'scripted';
  readonly events: EventSource = {
    kind: 'callback',
    subscribe: (listener) => this.#listeners.push(listener),
  };
  readonly batches: JobBatch[] = [];
  readonly removed: string[] = [];
  /** What was asked for, each time with the ids. */
  readonly actions: { action: JobAction; jobIds: readonly string[] }[] = [];
  /** What `act` refuses, by job. */
  refusals: Map<string, string> = new Map();
  /** What `analyze` and `describe` know. */
  analyses: Map<string, string> = new Map();
  ads: Map<string, ClassAd> = new Map();
  /** The ids of each `describe`. */
  readonly described: (readonly string[])[] = [];
  /** What `find` finds, by key. */
  found: Map<string, string> = new Map();
  /** What `status` answers. */
  known: Map<string, JobEvent> = new Map();
  /** Called with each batch before its ids are given. */
  beforeAnswer: (batch: JobBatch, ids: string[]) => Promise<void> | void = () => {};
  readonly #listeners: ((event: JobEvent) => void)[] = [];

  /** Set by a spec in which submit options may vary. */
  canVary?: () => boolean;

  checkSubmitOptions(): void {}

  checkPlace(): void {}

  async submit(batch: JobBatch): Promise<string[]> {
    this.batches.push(batch);
    const ids = batch.jobs.map((job) => `${this.batches.length}.${job.key}`);
    await this.beforeAnswer(batch, ids);
    return ids;
  }

  async find({ jobs }: SubmittedBatch): Promise<(string | undefined)[]> {
    return jobs.map(({ key }) => this.found.get(key));
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    this.removed.push(...jobIds);
    for (const jobId of jobIds) this.emit({ jobId, kind: 'removed', reason: 'asked for' });
  }

  async status(): Promise<Map<string, JobEvent>> {
    return this.known;
  }

  async act(action: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    this.actions.push({ action, jobIds });
    return new Map([...this.refusals].filter(([jobId]) => jobIds.includes(jobId)));
  }

  async analyze(jobId: string): Promise<string | undefined> {
    return this.analyses.get(jobId);
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    this.described.push(jobIds);
    return this.ads;
  }

  forMap(): this {
    return this;
  }

  async close(): Promise<void> {}

  /** All jobs leave the queue. */
  endAll(): void {
    for (const [index, { jobs }] of this.batches.entries()) {
      for (const { key } of jobs) this.emit({ jobId: `${index + 1}.${key}`, kind: 'ended', exitCode: 0 });
    }
  }

  emit(event: JobEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
