import type { BatchSystem } from '../batch/batch-system.ts';
import type { JournaledSubmission } from '../cluster/journaled-calls.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { begunKeys } from './begun-keys.ts';
import { isUnsent, jobIdOf, onJobLost, type Component } from './component.ts';
import type { MapState } from './map-state.ts';

/** How long after the batch system did not know the jobs of a submission it is asked again; it doubles. */
const ASK_AGAIN_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * The jobs of a map that no program looks after, where what lies on the disk does not tell what became of them: the program was killed before it had
 * heard their ids; or they were processes of its machine, which has no queue.
 */
export class UnattendedJobs {
  readonly #jobSet: JobSet;
  readonly #system: Pick<BatchSystem, 'queue' | 'find'>;
  readonly #state: MapState;
  readonly #nextTimes = new Map<number, number>();

  constructor(jobSet: JobSet, system: Pick<BatchSystem, 'queue' | 'find'>, state: MapState) {
    this.#jobSet = jobSet;
    this.#system = system;
    this.#state = state;
  }

  /** Asks for them, unless that was done just now. */
  async look(): Promise<void> {
    const bySubmission = new Map<JournaledSubmission, Component[]>();
    for (const component of this.#state.components) {
      if (!this.#isDoubtful(component)) continue;
      const { submission } = component.call;
      const others = bySubmission.get(submission);
      if (others === undefined) bySubmission.set(submission, [component]);
      else others.push(component);
    }
    for (const [submission, components] of bySubmission) await this.#ask(submission, components);
  }

  #isDoubtful(component: Component): boolean {
    const { outcome, verdict, end, foundId, call } = component;
    const { waits, refusal } = call.submission;
    if (outcome !== undefined || verdict !== undefined || end !== undefined || foundId !== undefined)
      return false;
    if (waits || refusal !== undefined) return false;
    return this.#system.queue === undefined || jobIdOf(component) === undefined;
  }

  async #ask(submission: JournaledSubmission, components: readonly Component[]): Promise<void> {
    const now = performance.now();
    if (now < (this.#nextTimes.get(submission.submission) ?? 0)) return;
    const times = Math.min(...components.map(({ missing }) => missing));
    const pause = Math.min(ASK_AGAIN_MS * 2 ** times, LONGEST_PAUSE_MS);
    this.#nextTimes.set(submission.submission, now + pause);
    const found = await this.#find(submission, components);
    if (found === undefined) return;
    const begun = new Set(found.includes(undefined) ? await begunKeys(this.#jobSet.directory) : []);
    for (const [at, component] of components.entries()) {
      const jobId = found[at];
      if (jobId !== undefined) {
        this.#state.onFound(component, jobId);
        continue;
      }
      component.missing += 1;
      // Its outcome, if there is one, is on this machine's disk, and is read after this.
      if (this.#system.queue === undefined) onJobLost(component, -Infinity);
      else if (begun.has(component.call.job.key) && isUnsent({ ...component, begun: false }, false))
        onJobLost(component, now);
    }
  }

  /** Undefined if there is no answer. */
  async #find(
    { submission, submit, time }: JournaledSubmission,
    components: readonly Component[],
  ): Promise<(string | undefined)[] | undefined> {
    const jobs = components.map(({ call }) => ({ key: call.job.key, position: call.position }));
    try {
      return await this.#system.find({ jobSet: this.#jobSet, submission, submit, jobs }, undefined, time);
    } catch {
      // Who says that the programs of other machines are gone says so of their processes, too.
      return this.#system.queue === undefined ? jobs.map(() => undefined) : undefined;
    }
  }
}
