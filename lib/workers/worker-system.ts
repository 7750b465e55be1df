import type { ClassAd } from '../base/class-ad.ts';
import type {
  BatchSystem,
  EventSource,
  JobAction,
  JobBatch,
  JobEvent,
  JobPlace,
  JobSetRemoval,
  SubmittedBatch,
} from '../batch/batch-system.ts';
import type { SubmitOptions } from '../batch/submit-options.ts';
import { watchModeOf } from '../watch/job-set-watch.ts';
import { Adoption } from './adoption.ts';
import { CallControls } from './call-controls.ts';
import { Dispatcher } from './dispatcher.ts';
import { idOf } from './model.ts';
import type { ResolvedWorkers } from './worker-options.ts';

/** How long an outcome may stay invisible after its worker's end where files are seen at once, and where they are not, in milliseconds. */
const LOCAL_GRACE_MS = 100;
const NETWORK_GRACE_MS = 15_000;

/** An executor's options that concern its workers. */
interface Options {
  readonly watch: 'auto' | 'events' | 'sweep';
  readonly outcomeGrace: number | undefined;
  /** The current directory of the jobs. */
  readonly cwd: string;
}

/** A batch system as it is, or one whose jobs make many calls each. */
export function withWorkers(
  inner: BatchSystem,
  workers: ResolvedWorkers | undefined,
  options: Options,
): BatchSystem {
  return workers === undefined ? inner : new WorkerSystem(inner, workers, options);
}

/**
 * A batch system whose jobs are calls, made by workers that are jobs of another one. Calls reach the workers, and their outcomes come back,
 * over the files of the job set alone.
 */
export class WorkerSystem implements BatchSystem {
  readonly name: string;
  readonly queue: BatchSystem['queue'];
  readonly jobVariables: RegExp | undefined;
  readonly events: EventSource;
  readonly jobSetRemoval?: JobSetRemoval;
  readonly #inner: BatchSystem;
  readonly #workers: ResolvedWorkers;
  readonly #options: Options;
  readonly #listeners: ((event: JobEvent) => void)[] = [];
  /** By the directory of their job sets: there is one, unless it was lost. */
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();
  /** Those of them that are there. */
  readonly #made = new Set<Dispatcher>();
  readonly #adoptions = new WeakMap<Dispatcher, Adoption>();

  constructor(inner: BatchSystem, workers: ResolvedWorkers, options: Options) {
    this.name = `${inner.name} workers`;
    this.queue = inner.queue;
    this.jobVariables = inner.jobVariables;
    this.#inner = inner;
    this.#workers = workers;
    this.#options = options;
    this.events = this.#eventsOf(inner.events);
    if (inner.jobSetRemoval !== undefined) this.jobSetRemoval = this.#stopBefore(inner.jobSetRemoval);
  }

  checkSubmitOptions(submit: SubmitOptions): void {
    this.#inner.checkSubmitOptions(submit);
    if (this.#inner.takesAll?.(submit) === true) {
      throw new TypeError(
        'Expected `submit` to have neither `max_materialize` nor `max_idle` where there are `workers`, which stay. Remedy: `workers: { max }`',
      );
    }
  }

  checkPlace(place: JobPlace): void {
    this.#inner.checkPlace(place);
  }

  async submit(batch: JobBatch, signal?: AbortSignal): Promise<string[]> {
    return (await this.#dispatcherOf(batch.jobSet)).submit(batch, signal);
  }

  /** The calls that are in some worker's hands; others were not begun, and never will be. */
  async find({ jobSet, jobs }: SubmittedBatch): Promise<(string | undefined)[]> {
    const dispatcher = await this.#dispatcherOf(jobSet);
    const has = this.#adoptions.get(dispatcher)?.take(jobs.map(({ key }) => key)) ?? [];
    return jobs.map(({ key }, index) => (has[index] === true ? idOf(key) : undefined));
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    await this.#each(jobIds, async (dispatcher, ids) => dispatcher.remove(ids));
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const found = new Map<string, JobEvent>();
    await this.#each(jobIds, async (dispatcher, ids) => {
      for (const [id, event] of await dispatcher.status(ids)) found.set(id, event);
    });
    return found;
  }

  async act(action: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    const refusals = new Map<string, string>();
    await this.#each(jobIds, async (dispatcher, ids) => {
      for (const [id, reason] of await this.#controls(dispatcher).act(action, ids)) refusals.set(id, reason);
    });
    return refusals;
  }

  async analyze(jobId: string): Promise<string | undefined> {
    for (const dispatcher of this.#made) {
      const found = await this.#controls(dispatcher).analyze(jobId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const found = new Map<string, ClassAd>();
    await this.#each(jobIds, async (dispatcher, ids) => {
      for (const [id, ad] of await this.#controls(dispatcher).describe(ids)) found.set(id, ad);
    });
    return found;
  }

  onOutcome(jobId: string, duration: number | undefined): void {
    for (const dispatcher of this.#made) dispatcher.onOutcome(jobId, duration);
  }

  async retire(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#made].map(async (dispatcher) => dispatcher.retire(timeoutMs)));
  }

  /** A map has a job for each component. */
  forMap(): BatchSystem {
    return this.#inner.forMap();
  }

  async close(): Promise<void> {
    this.#stop();
    for (const dispatcher of this.#made) forgetOnExit(dispatcher);
    await this.#inner.close();
  }

  /** Nothing is to be started for the jobs that are being removed. */
  #stop(): void {
    for (const dispatcher of this.#made) dispatcher.stop();
  }

  async #dispatcherOf(jobSet: JobBatch['jobSet']): Promise<Dispatcher> {
    const { directory } = jobSet;
    const known = this.#dispatchers.get(directory);
    if (known !== undefined) return known;
    const made = this.#makeDispatcher(jobSet);
    this.#dispatchers.set(directory, made);
    // It is tried again the next time.
    made.catch(() => this.#dispatchers.delete(directory));
    return made;
  }

  async #makeDispatcher(jobSet: JobBatch['jobSet']): Promise<Dispatcher> {
    const { watch, outcomeGrace, cwd } = this.#options;
    const mode = watch === 'auto' ? await watchModeOf(jobSet.directory) : watch;
    const grace = mode === 'events' ? LOCAL_GRACE_MS : (outcomeGrace ?? NETWORK_GRACE_MS);
    const dispatcher = new Dispatcher({
      inner: this.#inner,
      jobSet,
      cwd,
      options: this.#workers,
      grace,
      emit: (event) => {
        for (const listener of this.#listeners) listener(event);
      },
    });
    this.#adoptions.set(dispatcher, await Adoption.begin(dispatcher, this.#inner, jobSet));
    this.#made.add(dispatcher);
    closeOnExit(dispatcher);
    return dispatcher;
  }

  #controls(dispatcher: Dispatcher): CallControls {
    return new CallControls(dispatcher, this.#inner, this.#options.cwd);
  }

  /** Each dispatcher with those of the ids that it knows; the first one with those that none knows. */
  async #each(
    ids: readonly string[],
    act: (dispatcher: Dispatcher, ids: string[]) => Promise<void>,
  ): Promise<void> {
    let left = [...ids];
    for (const dispatcher of [...this.#made].toReversed()) {
      const known = left.filter((id) => dispatcher.warm.knows(id));
      left = left.filter((id) => !dispatcher.warm.knows(id));
      if (known.length > 0) await act(dispatcher, known);
    }
    const [first] = this.#made;
    if (left.length > 0 && first !== undefined) await act(first, left);
  }

  /** Events of the inner system are those of workers. */
  #eventsOf(inner: EventSource): EventSource {
    const tell = (event: JobEvent): void => {
      for (const dispatcher of this.#made) dispatcher.onEvent(event);
    };
    const subscribe = (listener: (event: JobEvent) => void): void => void this.#listeners.push(listener);
    inner.subscribe?.(tell);
    if (inner.kind === 'callback') return { kind: 'callback', subscribe };
    return {
      kind: 'log',
      subscribe,
      parse: (bytes) => {
        const { events, consumed } = inner.parse(bytes);
        for (const event of events) tell(event);
        return { events: [], consumed };
      },
    };
  }

  #stopBefore(removal: JobSetRemoval): JobSetRemoval {
    return {
      remove: async (id) => {
        this.#stop();
        await removal.remove(id);
      },
      removeNow: (id, timeoutMs) => {
        this.#stop();
        removal.removeNow(id, timeoutMs);
      },
      removeUnseen: (id) => {
        this.#stop();
        removal.removeUnseen(id);
      },
      commandFor: (id) => removal.commandFor(id),
    };
  }
}

/** Those whose workers are to end when the process does. */
const open = new Set<Dispatcher>();
let isListening = false;

/** When the process exits, workers are told that there is nothing more to come, rather than to wait for it. */
export function closeOnExit(dispatcher: Dispatcher): void {
  open.add(dispatcher);
  if (isListening) return;
  isListening = true;
  process.on('exit', () => {
    for (const { warm, files } of open) for (const { number } of warm.workers) files.closeNow(number);
  });
}

export function forgetOnExit(dispatcher: Dispatcher): void {
  open.delete(dispatcher);
}
