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
import { findGraces, type WatchSettings } from '../watch/job-set-watch.ts';
import { Adoption } from './adoption.ts';
import { CallControls } from './call-controls.ts';
import { Dispatcher } from './dispatcher.ts';
import { callId } from './model.ts';
import type { ResolvedWorkers } from './worker-options.ts';

/** An executor's options that concern its workers. */
interface Options extends WatchSettings {
  /** The current directory of the jobs. */
  readonly cwd: string;
}

/** Wraps a batch system in a {@link WorkerSystem} if the option `workers` is set. */
export function withWorkers(
  inner: BatchSystem,
  workers: ResolvedWorkers | undefined,
  options: Options,
): BatchSystem {
  return workers === undefined ? inner : new WorkerSystem(inner, workers, options);
}

/**
 * A batch system whose jobs are calls, run by workers that are jobs of an inner batch system. Submitting
 * process and workers communicate only through files of the job set.
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
  /** Dispatchers by the directory of their job set; more than one only after a directory was lost. */
  readonly #dispatchersByDirectory = new Map<string, Promise<Dispatcher>>();
  /** Dispatchers that are ready, oldest first. */
  readonly #dispatchers = new Set<Dispatcher>();
  readonly #adoptions = new WeakMap<Dispatcher, Adoption>();

  constructor(inner: BatchSystem, workers: ResolvedWorkers, options: Options) {
    this.name = `${inner.name} workers`;
    this.queue = inner.queue;
    this.jobVariables = inner.jobVariables;
    this.#inner = inner;
    this.#workers = workers;
    this.#options = options;
    this.events = this.#wrapEvents(inner.events);
    if (inner.jobSetRemoval !== undefined) this.jobSetRemoval = this.#wrapRemoval(inner.jobSetRemoval);
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
    return (await this.#dispatcherFor(batch.jobSet)).submit(batch, signal);
  }

  /** Finds calls that are assigned to workers of an earlier process; the others were never started. */
  async find({ jobSet, jobs }: SubmittedBatch): Promise<(string | undefined)[]> {
    const dispatcher = await this.#dispatcherFor(jobSet);
    const isAssigned = this.#adoptions.get(dispatcher)?.adopt(jobs.map(({ key }) => key)) ?? [];
    return jobs.map(({ key }, index) => (isAssigned[index] === true ? callId(key) : undefined));
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    await this.#forEachDispatcher(jobIds, async (dispatcher, ids) => dispatcher.remove(ids));
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const found = new Map<string, JobEvent>();
    await this.#forEachDispatcher(jobIds, async (dispatcher, ids) => {
      for (const [id, event] of await dispatcher.status(ids)) found.set(id, event);
    });
    return found;
  }

  async act(action: JobAction, jobIds: readonly string[]): Promise<Map<string, string>> {
    const refusals = new Map<string, string>();
    await this.#forEachDispatcher(jobIds, async (dispatcher, ids) => {
      for (const [id, reason] of await new CallControls(dispatcher).act(action, ids))
        refusals.set(id, reason);
    });
    return refusals;
  }

  async analyze(jobId: string): Promise<string | undefined> {
    for (const dispatcher of this.#dispatchers) {
      const found = await new CallControls(dispatcher).analyze(jobId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>> {
    const found = new Map<string, ClassAd>();
    await this.#forEachDispatcher(jobIds, async (dispatcher, ids) => {
      for (const [id, ad] of await new CallControls(dispatcher).describe(ids)) found.set(id, ad);
    });
    return found;
  }

  onOutcome(jobId: string, duration: number | undefined): void {
    for (const dispatcher of this.#dispatchers) dispatcher.onOutcome(jobId, duration);
  }

  async retire(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#dispatchers].map(async (dispatcher) => dispatcher.retire(timeoutMs)));
  }

  /** Components of maps are jobs of the inner system, without workers. */
  forMap(): BatchSystem {
    return this.#inner.forMap();
  }

  async close(): Promise<void> {
    this.#stop();
    for (const dispatcher of this.#dispatchers) openDispatchers.delete(dispatcher);
    await this.#inner.close();
  }

  /** Starts no more workers, because all jobs are about to be removed. */
  #stop(): void {
    for (const dispatcher of this.#dispatchers) dispatcher.stop();
  }

  async #dispatcherFor(jobSet: JobBatch['jobSet']): Promise<Dispatcher> {
    const { directory } = jobSet;
    const known = this.#dispatchersByDirectory.get(directory);
    if (known !== undefined) return known;
    const dispatcher = this.#createDispatcher(jobSet);
    this.#dispatchersByDirectory.set(directory, dispatcher);
    // The next call retries.
    dispatcher.catch(() => this.#dispatchersByDirectory.delete(directory));
    return dispatcher;
  }

  async #createDispatcher(jobSet: JobBatch['jobSet']): Promise<Dispatcher> {
    const { cwd } = this.#options;
    const { outcomeGrace: grace } = await findGraces(jobSet.directory, this.#options);
    const setup = { inner: this.#inner, jobSet, cwd, options: this.#workers, grace };
    const dispatcher = new Dispatcher(setup, (event) => {
      for (const listener of this.#listeners) listener(event);
    });
    this.#adoptions.set(dispatcher, await Adoption.create(dispatcher, this.#inner, jobSet));
    this.#dispatchers.add(dispatcher);
    closeOnExit(dispatcher);
    return dispatcher;
  }

  /**
   * Calls `act` for each dispatcher with the ids that it knows, and for the first one with the ids that are
   * unknown to all.
   */
  async #forEachDispatcher(
    ids: readonly string[],
    act: (dispatcher: Dispatcher, ids: string[]) => Promise<void>,
  ): Promise<void> {
    let remaining = [...ids];
    for (const dispatcher of [...this.#dispatchers].toReversed()) {
      const known = remaining.filter((id) => dispatcher.calls.has(id));
      remaining = remaining.filter((id) => !dispatcher.calls.has(id));
      if (known.length > 0) await act(dispatcher, known);
    }
    const [first] = this.#dispatchers;
    if (remaining.length > 0 && first !== undefined) await act(first, remaining);
  }

  /**
   * Passes events of the inner system, which concern workers, to the dispatchers; listeners get events of
   * calls.
   */
  #wrapEvents(inner: EventSource): EventSource {
    const dispatch = (event: JobEvent): void => {
      for (const dispatcher of this.#dispatchers) dispatcher.onEvent(event);
    };
    const subscribe = (listener: (event: JobEvent) => void): void => void this.#listeners.push(listener);
    inner.subscribe?.(dispatch);
    if (inner.kind === 'callback') return { kind: 'callback', subscribe };
    return {
      kind: 'log',
      subscribe,
      parse: (bytes) => {
        const { events, consumed } = inner.parse(bytes);
        for (const event of events) dispatch(event);
        return { events: [], consumed };
      },
    };
  }

  #wrapRemoval(removal: JobSetRemoval): JobSetRemoval {
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

/** Dispatchers whose workers end when the process exits. */
const openDispatchers = new Set<Dispatcher>();
let isListening = false;

/**
 * Tells workers when the process exits that no more calls will come, so that they do not wait for their idle
 * timeout.
 */
function closeOnExit(dispatcher: Dispatcher): void {
  openDispatchers.add(dispatcher);
  if (isListening) return;
  isListening = true;
  process.on('exit', () => {
    for (const { calls, files } of openDispatchers) {
      for (const { number } of calls.workers) files.closeNow(number);
    }
  });
}
