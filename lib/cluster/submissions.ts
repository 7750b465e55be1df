import PQueue from 'p-queue';
import type { AvoidedHost, BatchSystem, SubmitOptions } from '../batch/batch-system.ts';
import { publish } from '../diagnostics.ts';
import type { InputLocation, JobSet } from '../job-set/job-set.ts';
import { journalJob, type JournalEntry } from '../job-set/journal.ts';
import { jobKey } from '../job-set/names.ts';
import { parseMemory, showMemory } from '../memory.ts';
import type { Call } from './call.ts';
import { WaitingCalls } from './waiting-calls.ts';

/** What a submission needs from the executor, and tells it. */
export interface SubmissionHost {
  readonly system: BatchSystem;
  readonly cwd: string;
  /** Submit options of the executor, under those of a call. */
  readonly submit: SubmitOptions;
  /** How many calls that are not done have a job. */
  busy(): number;
  openJobSet(): Promise<JobSet>;
  /** A call's input is on the disk. */
  onWritten(call: Call): void;
  onSubmitted(call: Call, jobId: string): void;
  /** No job came of a call: it was refused, or cancelled in time. */
  onRefused(call: Call, error: unknown): void;
}

/** HTCondor refuses more than MAX_JOBS_PER_SUBMISSION jobs at once, 20,000 as shipped; and what is refused is refused as a whole. */
const JOBS_PER_SUBMISSION = 5000;

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
  /** Those that are being submitted. */
  #waitingFor: WaitingCalls | undefined;
  #submissions = 0;
  /** Calls to be tried again of which the journal does not say so yet. */
  readonly #unnoted = new Map<Call, string>();
  #noting: Promise<void> | undefined;

  constructor(host: SubmissionHost) {
    this.#host = host;
  }

  /** The next submission gets the number after this one. */
  startAfter(submission: number): void {
    this.#submissions = submission;
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

  /** As {@link add}, when its time has come, for a call whose job failed; resolves when the journal says that it waits for another one. */
  async noteRetry(call: Call): Promise<void> {
    // Now: its next attempt may be on its way before this is written.
    this.#unnoted.set(call, nextJob(call));
    this.#noting ??= new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#noting = undefined;
      const jobs = new Map(this.#unnoted);
      this.#unnoted.clear();
      await this.#noteWaiting(jobs);
    });
    return this.#noting;
  }

  /** Whether the batch system may know jobs whose ids it has not told yet. */
  get busy(): boolean {
    return this.#queue.pending > 0;
  }

  /** Whether the batch system has been asked for any job. */
  get begun(): boolean {
    return this.#submissions > 0;
  }

  /** Resolves when nothing waits to be submitted. */
  async idle(): Promise<void> {
    while (this.#scheduled || this.#queue.size > 0 || this.#queue.pending > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#queue.onIdle();
    }
  }

  /** What is being submitted is wanted no more: does not wait for a batch system that is away. */
  giveUp(): void {
    this.#waitingFor?.giveUp();
  }

  async #submit(waiting: Call[]): Promise<void> {
    const calls = this.#withoutDone(waiting);
    if (calls.length === 0) return;
    let jobSet: JobSet;
    try {
      jobSet = await this.#host.openJobSet();
      for (const call of await writeCalls(jobSet, calls)) this.#host.onWritten(call);
    } catch (error) {
      for (const call of calls) this.#host.onRefused(call, error);
      return;
    }
    const groups = groupByTerms(this.#host.submit, calls);
    // Those that are not submitted at once are not to be lost if the process is ended meanwhile.
    const later = [
      ...groups.slice(1).flatMap((group) => group.calls),
      ...(groups[0]?.calls.slice(JOBS_PER_SUBMISSION) ?? []),
    ];
    await this.#noteWaiting(new Map(later.map((call) => [call, nextJob(call)]))).catch(ignore);
    for (const { calls: group, ...terms } of groups) {
      for (let start = 0; start < group.length; start += JOBS_PER_SUBMISSION) {
        await this.#submitGroup(jobSet, terms, group.slice(start, start + JOBS_PER_SUBMISSION));
      }
    }
  }

  async #submitGroup(jobSet: JobSet, { submit, avoid }: Terms, group: Call[]): Promise<void> {
    const calls = this.#withoutDone(group);
    if (calls.length === 0) return;
    for (const call of calls) {
      call.attempts += 1;
      call.memoryRequested = parseMemory(submit['request_memory']);
    }
    this.#submissions += 1;
    const submission = this.#submissions;
    const jobs = calls.map((call) => {
      const { batch, offset, length } = call.input as NonNullable<Call['input']>;
      return {
        key: call.key,
        arguments: [call.key, batch, offset, length, call.payloadHash, submission].map(String),
      };
    });
    const { cwd, system } = this.#host;
    const startedAt = performance.now();
    const tell = (jobIds: string[] | undefined, error?: unknown): void =>
      publish('submission', () => ({
        system: system.name,
        jobSet: jobSet.id,
        submission,
        count: jobs.length,
        jobIds: jobIds?.slice(),
        error,
        durationMs: performance.now() - startedAt,
      }));
    const waiting = new WaitingCalls(calls);
    this.#waitingFor = waiting;
    let ids: string[];
    try {
      await jobSet.note({
        event: 'submitting',
        submission,
        jobs: calls.map((call) => journalJobOf(call, call.key)),
        submit,
      } satisfies JournalEntry);
      const busy = this.#host.busy();
      ids = await system.submit({ jobSet, submission, jobs, cwd, submit, busy, avoid }, waiting.signal);
      tell(ids);
    } catch (error) {
      tell(undefined, error);
      for (const call of calls) this.#host.onRefused(call, error);
      await jobSet
        .note({ event: 'refused', submission, error: String(error) } satisfies JournalEntry)
        .catch(ignore);
      return;
    } finally {
      waiting.stop();
      this.#waitingFor = undefined;
    }
    calls.forEach((call, index) => this.#host.onSubmitted(call, ids[index] as string));
    // The event log has the ids too.
    await jobSet.note({ event: 'submitted', submission, ids } satisfies JournalEntry).catch(ignore);
  }

  /** Writes down that calls, whose inputs are on the disk, are still to be submitted. */
  async #noteWaiting(jobs: ReadonlyMap<Call, string>): Promise<void> {
    for (const { submit, calls } of groupByTerms(this.#host.submit, [...jobs.keys()])) {
      const lines = calls.map((call) => jobs.get(call) as string);
      await calls[0]?.jobSet?.note({ event: 'waiting', jobs: lines, submit } satisfies JournalEntry);
    }
  }

  /** Those that have not been cancelled while they waited. */
  #withoutDone(calls: readonly Call[]): Call[] {
    for (const call of calls) if (call.unwanted) this.#host.onRefused(call, undefined);
    return calls.filter((call) => !call.unwanted);
  }
}

function ignore(): void {}

/** What a call's next job is to be, for the journal. */
function nextJob(call: Call): string {
  return journalJobOf(call, jobKey(call.index, call.attempts + 1));
}

function journalJobOf({ input, payloadHash: hash, items, growths }: Call, key: string): string {
  return journalJob({ key, ...(input as InputLocation), hash, items, growths });
}

/** Writes the functions and inputs that are not on the disk yet, as those of a call that is tried again are; tells which. */
async function writeCalls(jobSet: JobSet, calls: readonly Call[]): Promise<Call[]> {
  for (const { fn } of calls) if (fn !== undefined) await jobSet.writeFunction(fn.hash, fn.bytes);
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

/** What the jobs of one submission have in common. */
interface Terms {
  readonly submit: SubmitOptions;
  readonly avoid: readonly AvoidedHost[];
}

/** Calls that can share one submission, in the order of their first. */
function groupByTerms(common: SubmitOptions, calls: readonly Call[]): (Terms & { calls: Call[] })[] {
  const groups = new Map<string, Terms & { calls: Call[] }>();
  for (const call of calls) {
    const submit = { ...common, ...call.options.submit, ...requestOf(call) };
    const avoid = [...call.avoided].map(([host, until]) => ({ host, until }));
    const name = JSON.stringify([Object.entries(submit), avoid]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { submit, avoid, calls: [call] });
    else group.calls.push(call);
  }
  return [...groups.values()];
}

function requestOf({ memory }: Call): SubmitOptions {
  return memory === undefined ? {} : { request_memory: showMemory(memory) };
}
