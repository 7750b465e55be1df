import { type ChildProcess, spawn } from 'node:child_process';
import { KILL_AFTER_MS } from '../../job-set/names.ts';

/** How the first process of a group ended. */
export interface GroupEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Groups that have not ended. */
const groups = new Set<ProcessGroup>();

/**
 * A program with all processes that it starts. They get no signals from the terminal, and are killed when the
 * program's first process ends or this process exits.
 */
export class ProcessGroup {
  readonly #leader: ChildProcess;
  /** Rejects if the program cannot be started. */
  readonly started: Promise<void>;
  readonly ended: Promise<GroupEnd>;

  /** @throws if spawn() fails synchronously */
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

  /** Lets this process end without waiting for it. */
  unref(): void {
    this.#leader.unref();
  }

  get pid(): number | undefined {
    return this.#leader.pid;
  }

  /** Ends all processes with SIGTERM, and with SIGKILL if they take too long. */
  stop(): void {
    this.#signal('SIGTERM');
    // A stopped process does not handle SIGTERM before it is continued.
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
      // All processes have ended.
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
