import { JobEndingError } from '../../base/errors.ts';

interface TerminationOptions {
  /** Signals that may end the process. */
  readonly signals: readonly NodeJS.Signals[];
  /** Time between the signal and SIGKILL, in milliseconds. */
  readonly vacateTime: number | undefined;
  /** Is called when the signal is received. */
  onSignal(): void;
}

/**
 * Delays the end of a process that receives a signal, while its call saves a checkpoint or handles its
 * AbortSignal. Signals are handled only once the call does one of these: until then they end the process as
 * usual.
 */
export class Termination {
  readonly #options: TerminationOptions;
  readonly #controller = new AbortController();
  /** Pending checkpoints. */
  readonly #saves = new Set<Promise<void>>();
  #isListening = false;
  #ended = false;
  /** Whether the call has asked for the AbortSignal, and so handles it. */
  #hasHandler = false;
  /** Whether a checkpoint was saved after the signal. */
  #saved = false;
  /** Set when the process has received a signal: the reason of the AbortSignal. */
  error: JobEndingError | undefined;

  constructor(options: TerminationOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    this.#hasHandler = true;
    this.#listen();
    return this.#controller.signal;
  }

  /**
   * Keeps the process alive while a checkpoint is saved. If the process has received a signal, ends it
   * afterwards and never resolves, unless the call handles the signal and the save began before it.
   */
  async guard(save: Promise<void>): Promise<void> {
    this.#listen();
    const isLast = this.error !== undefined;
    this.#saves.add(save);
    try {
      await save;
      this.#saved ||= isLast;
    } finally {
      this.#saves.delete(save);
      this.#endIfDone();
    }
    if (this.#isDone) await new Promise(() => {});
  }

  /** Ends the process by the signal that it has received. */
  async leave(): Promise<never> {
    this.end();
    const signal = this.error?.signal ?? 'SIGTERM';
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    return new Promise(() => {});
  }

  /** The call has returned; later signals are not handled. */
  end(): void {
    this.#ended = true;
    for (const signal of this.#options.signals) process.off(signal, this.#onSignal);
  }

  /** Whether the process should end as soon as no checkpoint is pending. */
  get #isDone(): boolean {
    return !this.#ended && this.error !== undefined && (this.#saved || !this.#hasHandler);
  }

  #endIfDone(): void {
    if (this.#isDone && this.#saves.size === 0) void this.leave();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    for (const signal of this.#options.signals) process.on(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.error !== undefined) return;
    const { vacateTime } = this.#options;
    const deadline = vacateTime === undefined ? undefined : new Date(Date.now() + vacateTime);
    this.error = new JobEndingError(signal, deadline);
    this.#options.onSignal();
    this.#controller.abort(this.error);
    this.#endIfDone();
  };
}
