import type { ClassAd } from '../../base/class-ad.ts';
import { InvalidStateError, JobControlError } from '../../base/errors.ts';
import { KIBIBYTE, MEBIBYTE } from '../../base/memory.ts';
import type { BatchSystem, JobAction, JobEdit } from '../../batch/batch-system.ts';
import { methodOf } from '../../batch/job-actions.ts';
import type { JobControl } from '../../futures/future-source.ts';
import type { JobSet } from '../../job-set/job-set.ts';
import type { Call } from './call.ts';
import type { JobCommands } from './job-commands.ts';

/** Controls the jobs of an executor's futures. */
export class JobControls {
  readonly #system: BatchSystem;
  readonly #commands: JobCommands;
  /** Callbacks to call when a call has a job. */
  readonly #callbacksByCall = new Map<Call, ((jobId: string) => void)[]>();
  /** The query for ClassAds requested in this tick. */
  #query: Query | undefined;

  constructor(system: BatchSystem, commands: JobCommands) {
    this.#system = system;
    this.#commands = commands;
  }

  of(call: Call): JobControl {
    return {
      act: async (action: JobAction) => {
        if (action.kind === 'edit') return this.#edit(call, action);
        return this.#commands.act(await this.#jobOf(call, action.kind), action, jobSetIdOf(call));
      },
      analyze: async () => {
        const jobId = await this.#jobOf(call, 'analyze');
        return (await this.#system.analyze(jobId, jobSetIdOf(call))) ?? throwUnknown('analyze', jobId);
      },
      classAd: async () => {
        const jobId = await this.#jobOf(call, 'classAd');
        return (await this.#describe(jobId, jobSetIdOf(call))).get(jobId) ?? throwUnknown('classAd', jobId);
      },
    };
  }

  /** Changes the requests of a call's job, and of its later attempts. */
  async #edit(call: Call, edit: JobEdit): Promise<void> {
    const undo = applyToLaterAttempts(call, edit);
    try {
      const jobId = await this.#jobOf(call, methodOf(edit));
      try {
        await this.#commands.act(jobId, edit, jobSetIdOf(call));
      } catch (error) {
        // Ignored if the call is at another attempt by now, whose job was submitted with the new request.
        if (!(error instanceof JobControlError) || call.isUnwanted || call.jobId === jobId) throw error;
      }
      if (edit.attribute === 'RequestMemory') call.memoryRequested = edit.value * MEBIBYTE;
    } catch (error) {
      undo();
      throw error;
    }
  }

  /** Called when a call's job is submitted. */
  onSubmitted(call: Call, jobId: string): void {
    for (const resolve of this.#callbacksByCall.get(call) ?? []) resolve(jobId);
    this.#callbacksByCall.delete(call);
  }

  /** @throws {InvalidStateError} if the call is done before it has a job */
  async #jobOf(call: Call, action: string): Promise<string> {
    const { jobId } = call;
    if (jobId !== undefined) return jobId;
    const { future } = call;
    return new Promise((resolve, reject) => {
      const others = this.#callbacksByCall.get(call) ?? [];
      this.#callbacksByCall.set(call, [...others, resolve]);
      future.addDoneCallback(() => {
        this.#callbacksByCall.delete(call);
        reject(
          new InvalidStateError(
            `The future is ${future.state} and has no job: there is nothing to ${action}`,
          ),
        );
      });
    });
  }

  /** Combines the requests of one tick into one query. */
  async #describe(jobId: string, jobSetId: string): Promise<Map<string, ClassAd>> {
    if (this.#query?.jobSetId !== jobSetId) this.#query = this.#startQuery(new Set(), jobSetId);
    this.#query.jobIds.add(jobId);
    return this.#query.answer;
  }

  #startQuery(jobIds: Set<string>, jobSetId: string): Query {
    const answer = new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#query = undefined;
      return this.#system.describe([...jobIds], jobSetId);
    });
    return { jobIds, jobSetId, answer };
  }
}

/** A query for ClassAds of jobs of a job set. */
interface Query {
  readonly jobIds: Set<string>;
  readonly jobSetId: string;
  readonly answer: Promise<Map<string, ClassAd>>;
}

/** The job set of a call that has a job, and so has been written. */
function jobSetIdOf({ jobSet }: Call): string {
  return (jobSet as JobSet).id;
}

/** @returns a function that restores the previous request, unless it has been changed again */
function applyToLaterAttempts(call: Call, { attribute, value }: JobEdit): () => void {
  const [request, bytes] =
    attribute === 'RequestMemory'
      ? (['memory', value * MEBIBYTE] as const)
      : (['disk', value * KIBIBYTE] as const);
  const previous = call[request];
  call[request] = bytes;
  return () => {
    if (call[request] === bytes) call[request] = previous;
  };
}

function throwUnknown(action: string, jobId: string): never {
  throw new JobControlError(action, jobId, 'the batch system knows nothing of this job any more');
}
