import { type ChildProcess, spawn } from 'node:child_process';
import { KILL_AFTER_MS } from '../../job-set/names.ts';

/** How the first process of a group has ended. */
export interface GroupEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Those that have not ended. */
const groups = new Set<ProcessGroup>();

/**
 * A program with all the processes that it starts. Signals of the terminal do not reach them; they end with the program's first process,
 * and with this process when it exits.
 */
export class ProcessGroup {
  readonly #leader: ChildProcess;
  /** Rejects if the program cannot be started. */
  readonly started: Promise<void>;
  readonly ended: Promise<GroupEnd>;

  /** @throws if the program cannot be started for reasons that are known at once */
  constructor(command: string, args: readonly string[], place: { cwd: string; env: NodeJS.ProcessEnv }) {
    const leader = spawn(command, args, { ...place, stdio: 'ignore', detached: true });
    this.#leader = leader;
    this.started = new Promise((resolve, reject) => {
      leader.once('spawn', resolve);
      leader.once('error', reject);
    });
    this.ended = new Promise((resolve) => {
      leader.once('exit', (exitCode, signal) => {
        this.#signal('SIGKILL');
        groups.delete(this);
        resolve({ exitCode, signal });
      });
    });
    if (leader.pid === undefined) return;
    killAllOnExit();
    groups.add(this);
  }

  /** This process does not wait for it. */
  unref(): void {
    this.#leader.unref();
  }

  get pid(): number | undefined {
    return this.#leader.pid;
  }

  /** Ends all processes: politely at first. */
  stop(): void {
    this.#signal('SIGTERM');
    // What is stopped gets no other signal before.
    this.#signal('SIGCONT');
    const timer = setTimeout(() => this.kill(), KILL_AFTER_MS);
    void this.ended.then(() => clearTimeout(timer));
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  suspend(): void {
    this.#signal('SIGSTOP');
  }

  continue(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#leader;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // All of them have ended.
    }
  }
}

let isKillingOnExit = false;

function killAllOnExit(): void {
  if (isKillingOnExit) return;
  isKillingOnExit = true;
  process.on('exit', () => {
    for (const group of groups) group.kill();
  });
}
