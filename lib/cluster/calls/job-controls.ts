import type { ClassAd } from '../../base/class-ad.ts';
import { InvalidStateError, JobControlError } from '../../base/errors.ts';
import type { BatchSystem, JobAction, JobEdit } from '../../batch/batch-system.ts';
import { methodOf } from '../../batch/job-actions.ts';
import type { JobControl } from '../../futures/future-source.ts';
import type { Call } from './call.ts';
import type { JobCommands } from './job-commands.ts';

/** Does for the futures of an executor what they ask for their jobs. */
export class JobControls {
  readonly #system: BatchSystem;
  readonly #commands: JobCommands;
  /** Who waits for a call to have a job. */
  readonly #waiting = new Map<Call, ((jobId: string) => void)[]>();
  /** Descriptions that are asked for in this tick. */
  #asked: { jobIds: Set<string>; answer: Promise<Map<string, ClassAd>> } | undefined;

  constructor(system: BatchSystem, commands: JobCommands) {
    this.#system = system;
    this.#commands = commands;
  }

  of(call: Call): JobControl {
    return {
      act: async (action: JobAction) => {
        if (action.kind === 'edit') return this.#edit(call, action);
        return this.#commands.act(await this.#jobOf(call, action.kind), action);
      },
      analyze: async () => {
        const jobId = await this.#jobOf(call, 'analyze');
        return (await this.#system.analyze(jobId)) ?? unknown('analyze', jobId);
      },
      classAd: async () => {
        const jobId = await this.#jobOf(call, 'classAd');
        return (await this.#describe(jobId)).get(jobId) ?? unknown('classAd', jobId);
      },
    };
  }

  /** Changes what the job of a call asks for, and those of its later attempts. */
  async #edit(call: Call, edit: JobEdit): Promise<void> {
    const takeBack = wish(call, edit);
    try {
      const jobId = await this.#jobOf(call, methodOf(edit));
      try {
        await this.#commands.act(jobId, edit);
      } catch (error) {
        // Meanwhile it has gone on to another attempt, which asks for it by itself.
        if (!(error instanceof JobControlError) || call.isUnwanted || call.jobId === jobId) throw error;
      }
      if (edit.attribute === 'RequestMemory') call.memoryRequested = edit.value * MEBIBYTE;
    } catch (error) {
      takeBack();
      throw error;
    }
  }

  /** A call has a job now. */
  onSubmitted(call: Call, jobId: string): void {
    for (const resolve of this.#waiting.get(call) ?? []) resolve(jobId);
    this.#waiting.delete(call);
  }

  /** @throws {InvalidStateError} if the call is done before it has a job */
  async #jobOf(call: Call, action: string): Promise<string> {
    const { jobId } = call;
    if (jobId !== undefined) return jobId;
    const { future } = call;
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(call) ?? [];
      this.#waiting.set(call, [...others, resolve]);
      future.addDoneCallback(() => {
        this.#waiting.delete(call);
        reject(
          new InvalidStateError(
            `The future is ${future.state} and has no job: there is nothing to ${action}`,
          ),
        );
      });
    });
  }

  /** Asks for many jobs at once. */
  async #describe(jobId: string): Promise<Map<string, ClassAd>> {
    this.#asked ??= this.#ask(new Set());
    this.#asked.jobIds.add(jobId);
    return this.#asked.answer;
  }

  #ask(jobIds: Set<string>): { jobIds: Set<string>; answer: Promise<Map<string, ClassAd>> } {
    const answer = new Promise((resolve) => setImmediate(resolve)).then(async () => {
      this.#asked = undefined;
      return this.#system.describe([...jobIds]);
    });
    return { jobIds, answer };
  }
}

const [KIBIBYTE, MEBIBYTE] = [1024, 1024 * 1024] as const;

/** @returns takes it back, unless something else is wished for by then */
function wish(call: Call, { attribute, value }: JobEdit): () => void {
  const [what, bytes] =
    attribute === 'RequestMemory'
      ? (['memory', value * MEBIBYTE] as const)
      : (['disk', value * KIBIBYTE] as const);
  const before = call[what];
  call[what] = bytes;
  return () => {
    if (call[what] === bytes) call[what] = before;
  };
}

function unknown(action: string, jobId: string): never {
  throw new JobControlError(action, jobId, 'the batch system knows nothing of this job any more');
}
