import type { BatchSystem, ClassAd, JobAction } from '../batch/batch-system.ts';
import { InvalidStateError, JobControlError } from '../errors.ts';
import type { JobControl } from '../future-source.ts';
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
      act: async (action: JobAction) => this.#commands.act(await this.#jobOf(call, action.kind), action),
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

function unknown(action: string, jobId: string): never {
  throw new JobControlError(action, jobId, 'the batch system knows nothing of this job any more');
}
