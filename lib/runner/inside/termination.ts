import { JobEndingError } from '../../base/errors.ts';

interface TerminationHost {
  /** What the process may be told to end by. */
  readonly signals: readonly NodeJS.Signals[];
  /** How long after that it is killed, in milliseconds. */
  readonly vacateTime: number | undefined;
  onBegin(): void;
}

/**
 * What a process does that is told to end, once its call has asked to hear of it, or saves something: otherwise it ends at once, as any
 * process does.
 */
export class Termination {
  readonly #host: TerminationHost;
  readonly #controller = new AbortController();
  /** Those that are under way. */
  readonly #saves = new Set<Promise<void>>();
  #listening = false;
  #over = false;
  /** Whether the call wants to do something about it. */
  #heard = false;
  /** Whether it has saved what it wanted to. */
  #saved = false;
  /** Set when the process has been told. */
  began: JobEndingError | undefined;

  constructor(host: TerminationHost) {
    this.#host = host;
  }

  get signal(): AbortSignal {
    this.#heard = true;
    this.#listen();
    return this.#controller.signal;
  }

  /** The process does not end while something is being saved; when that was begun after it was told to, it ends then, and this never resolves. */
  async guard(save: Promise<void>): Promise<void> {
    this.#listen();
    const isLast = this.began !== undefined;
    this.#saves.add(save);
    try {
      await save;
      this.#saved ||= isLast;
    } finally {
      this.#saves.delete(save);
      this.#look();
    }
    if (this.#isDone) await new Promise(() => {});
  }

  /** Ends the process by the signal that it had got, as if nobody had listened. */
  async leave(): Promise<never> {
    this.end();
    const signal = this.began?.signal ?? 'SIGTERM';
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    return new Promise(() => {});
  }

  /** The call is over: what the process is told now is not its business. */
  end(): void {
    this.#over = true;
    for (const signal of this.#host.signals) process.off(signal, this.#onSignal);
  }

  /** Whether there is nothing left to be waited for but saves. */
  get #isDone(): boolean {
    return !this.#over && this.began !== undefined && (this.#saved || !this.#heard);
  }

  #look(): void {
    if (this.#isDone && this.#saves.size === 0) void this.leave();
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    for (const signal of this.#host.signals) process.on(signal, this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.began !== undefined) return;
    const { vacateTime } = this.#host;
    const deadline = vacateTime === undefined ? undefined : new Date(Date.now() + vacateTime);
    this.began = new JobEndingError(signal, deadline);
    this.#host.onBegin();
    this.#controller.abort(this.began);
    this.#look();
  };
}
