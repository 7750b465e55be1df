import PQueue from 'p-queue';
import type { BatchSystem, SubmitOptions } from '../batch/batch-system.ts';
import type { JobSet } from '../job-set/job-set.ts';
import type { Call } from './call.ts';

/** What a submission needs from the executor, and tells it. */
export interface SubmissionHost {
  readonly system: BatchSystem;
  readonly environment: Readonly<Record<string, string>>;
  /** Submit options of the executor, under those of a call. */
  readonly submit: SubmitOptions;
  openJobSet(): Promise<JobSet>;
  /** A call's input is on the disk. */
  onWritten(call: Call): void;
  onSubmitted(call: Call, jobId: string): void;
  onRefused(call: Call, error: unknown): void;
}

/**
 * Hands calls to the batch system. All those of one tick, and all that come while a submission is running, go into one
 * submission; calls with different submit options need one each.
 */
export class Submissions {
  readonly #host: SubmissionHost;
  /** One at a time, so that jobs are queued in the order of their calls. */
  readonly #queue = new PQueue({ concurrency: 1 });
  #waiting: Call[] = [];
  #scheduled = false;

  constructor(host: SubmissionHost) {
    this.#host = host;
  }

  add(call: Call): void {
    this.#waiting.push(call);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      void this.#queue.add(async () => {
        this.#scheduled = false;
        await this.#submit(this.#waiting.splice(0));
      });
    });
  }

  /** Resolves when nothing waits to be submitted. */
  async idle(): Promise<void> {
    while (this.#scheduled || this.#queue.size > 0 || this.#queue.pending > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#queue.onIdle();
    }
  }

  async #submit(waiting: Call[]): Promise<void> {
    const calls = waiting.filter((call) => !call.future.done());
    if (calls.length === 0) return;
    let jobSet: JobSet;
    try {
      jobSet = await this.#host.openJobSet();
      for (const call of await writeCalls(jobSet, calls)) this.#host.onWritten(call);
    } catch (error) {
      for (const call of calls) this.#host.onRefused(call, error);
      return;
    }
    for (const [submit, group] of groupByOptions(this.#host.submit, calls))
      await this.#submitGroup(jobSet, submit, group);
  }

  async #submitGroup(jobSet: JobSet, submit: SubmitOptions, group: Call[]): Promise<void> {
    const calls = group.filter((call) => !call.future.done());
    if (calls.length === 0) return;
    for (const call of calls) call.attempts += 1;
    const jobs = calls.map((call) => {
      const { batch, offset, length } = call.input as NonNullable<Call['input']>;
      return { key: call.key, arguments: [call.key, String(batch), String(offset), String(length)] };
    });
    try {
      await jobSet.note({ event: 'submitting', jobs: jobs.map((job) => job.arguments.join(' ')), submit });
      const { environment } = this.#host;
      const ids = await this.#host.system.submit({ jobSet, jobs, environment, submit });
      calls.forEach((call, index) => this.#host.onSubmitted(call, ids[index] as string));
      await jobSet.note({ event: 'submitted', ids });
    } catch (error) {
      for (const call of calls.filter(({ jobId }) => jobId === undefined)) this.#host.onRefused(call, error);
      await jobSet.note({ event: 'refused', error: String(error) }).catch(() => {});
    }
  }
}

/** Writes the functions and inputs that are not on the disk yet, as those of a call that is tried again are; tells which. */
async function writeCalls(jobSet: JobSet, calls: readonly Call[]): Promise<Call[]> {
  for (const { fn } of calls) await jobSet.writeFunction(fn.hash, fn.text);
  const fresh = calls.filter((call) => call.payload !== undefined);
  if (fresh.length === 0) return [];
  const locations = await jobSet.writeInputs(fresh.map((call) => call.payload as Uint8Array));
  fresh.forEach((call, index) => {
    call.input = locations[index];
    call.payload = undefined;
    call.jobSet = jobSet;
  });
  return fresh;
}

/** Calls that can share one submission, in the order of their first. */
function groupByOptions(common: SubmitOptions, calls: readonly Call[]): [SubmitOptions, Call[]][] {
  const groups = new Map<string, [SubmitOptions, Call[]]>();
  for (const call of calls) {
    const submit = { ...common, ...call.options.submit };
    const name = JSON.stringify(Object.entries(submit));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [submit, [call]]);
    else group[1].push(call);
  }
  return [...groups.values()];
}
