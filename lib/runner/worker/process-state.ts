import { readFileSync } from 'node:fs';

/** What calls can change of the process that they share, as it was before the first of them. */
export class ProcessState {
  readonly #cwd: string = process.cwd();
  readonly #umask: number = process.umask();
  readonly #environment: Readonly<NodeJS.ProcessEnv> = { ...process.env };
  readonly #listeners = new Map(process.eventNames().map((name) => [name, process.rawListeners(name)]));

  /** Takes back what a call has changed, as far as that costs little. */
  restore(): void {
    process.exitCode = undefined;
    if (process.cwd() !== this.#cwd) process.chdir(this.#cwd);
    process.umask(this.#umask);
    for (const name of Object.keys(process.env)) {
      if (!Object.hasOwn(this.#environment, name)) delete process.env[name];
    }
    for (const [name, value] of Object.entries(this.#environment)) {
      if (process.env[name] !== value) process.env[name] = value;
    }
    for (const name of new Set([...this.#listeners.keys(), ...process.eventNames()])) {
      this.#restoreListeners(name);
    }
  }

  #restoreListeners(name: string | symbol): void {
    const known = this.#listeners.get(name) ?? [];
    const listeners = process.rawListeners(name);
    for (const listener of listeners) {
      if (!known.includes(listener)) process.off(name, listener as () => void);
    }
    // Without those of the runner, nobody would tell how a later call ended the process.
    for (const listener of known) {
      if (!listeners.includes(listener)) process.on(name, listener as () => void);
    }
  }
}

/** Whether the process has started others that have not ended: they end with it. Only Linux tells. */
export function hasChildren(): boolean {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8') !== '';
  } catch {
    return false;
  }
}
