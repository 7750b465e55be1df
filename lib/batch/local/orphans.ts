import { readdirSync, readFileSync } from 'node:fs';
import { startTimeOf } from '../../job-set/claim.ts';
import { runnerFile, scriptFile } from '../../job-set/names.ts';
import type { JobEvent } from '../batch-system.ts';

const POLL_MS = 250;

/**
 * Jobs of an earlier process on this machine that ended before them. They are polled, because they are not
 * child processes of this one.
 */
export class Orphans {
  readonly #emit: (event: JobEvent) => void;
  readonly #processes = new Map<string, { pid: number; started: string | undefined }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(emit: (event: JobEvent) => void) {
    this.#emit = emit;
  }

  /** Finds the running jobs of a job set, and reports their ends from now on. @returns their ids by key */
  adopt(directory: string): Map<string, string> {
    const found = [...runningJobs(directory)].map(([key, pid]) => {
      const id = `local-pid.${pid}`;
      this.#processes.set(id, { pid, started: startTimeOf(pid) });
      return [key, id] as const;
    });
    if (found.length > 0) this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref();
    return new Map(found);
  }

  has(jobId: string): boolean {
    return this.#processes.has(jobId);
  }

  /**
   * Ends the processes of a job with SIGTERM. SIGKILL does not follow, because this process may end before.
   */
  remove(jobId: string): void {
    const pid = this.#processes.get(jobId)?.pid;
    if (pid !== undefined) endGroup(pid);
  }

  /** Ends all jobs. */
  close(): void {
    clearInterval(this.#timer);
    for (const jobId of this.#processes.keys()) this.remove(jobId);
  }

  #poll(): void {
    for (const [jobId, { pid, started }] of this.#processes) {
      if (started !== undefined && startTimeOf(pid) === started) continue;
      this.#processes.delete(jobId);
      this.#emit({ jobId, kind: 'ended' });
    }
    if (this.#processes.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Processes of this machine that run the script or the runner of a job set: pids by job key; see proc(5). */
function runningJobs(directory: string): Map<string, number> {
  const jobs = new Map<string, number>();
  for (const pid of pidsOfThisMachine()) {
    const words = commandLine(pid);
    const [script, runner] = [words.indexOf(scriptFile(directory)), words.indexOf(runnerFile(directory))];
    // The runner's first argument is the job set's directory, the second the key.
    const key = script === -1 ? words[runner + 2] : words[script + 1];
    if ((script !== -1 || runner !== -1) && key !== undefined) jobs.set(key, pid);
  }
  return jobs;
}

function pidsOfThisMachine(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // Without /proc, no job is found.
    return [];
  }
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // All processes have ended.
  }
}
