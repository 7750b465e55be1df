import { readdirSync, readFileSync } from 'node:fs';
import { startTimeOf } from '../../job-set/claim.ts';
import { runnerFile, scriptFile } from '../../job-set/names.ts';
import type { JobEvent } from '../batch-system.ts';

const POLL_MS = 250;

/** Jobs that an earlier process of this machine started and did not outlive: they are not our children, so they are looked at now and then. */
export class Orphans {
  readonly #emit: (event: JobEvent) => void;
  readonly #processes = new Map<string, { pid: number; started: string | undefined }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(emit: (event: JobEvent) => void) {
    this.#emit = emit;
  }

  /** The ids of the jobs of a job set that are running, by key; from now on their ends are told. */
  adopt(directory: string): Map<string, string> {
    const found = [...runningJobs(directory)].map(([key, pid]) => {
      const id = `local-pid.${pid}`;
      this.#processes.set(id, { pid, started: startTimeOf(pid) });
      return [key, id] as const;
    });
    if (found.length > 0) this.#timer ??= setInterval(() => this.#look(), POLL_MS).unref();
    return new Map(found);
  }

  has(jobId: string): boolean {
    return this.#processes.has(jobId);
  }

  /** Ends the processes of a job; politely, as nobody is left to look at the time. */
  remove(jobId: string): void {
    const pid = this.#processes.get(jobId)?.pid;
    if (pid !== undefined) endGroup(pid);
  }

  /** Ends all of them. */
  close(): void {
    clearInterval(this.#timer);
    for (const jobId of this.#processes.keys()) this.remove(jobId);
  }

  #look(): void {
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

/** Of the processes of this machine those that run the script or the runner of a job set, by key; see proc(5). */
function runningJobs(directory: string): Map<string, number> {
  const jobs = new Map<string, number>();
  for (const pid of pidsOfThisMachine()) {
    const words = commandLine(pid);
    const [script, runner] = [words.indexOf(scriptFile(directory)), words.indexOf(runnerFile(directory))];
    // The runner gets the job set's directory first.
    const key = script === -1 ? words[runner + 2] : words[script + 1];
    if ((script !== -1 || runner !== -1) && key !== undefined) jobs.set(key, pid);
  }
  return jobs;
}

function pidsOfThisMachine(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // Where there is no /proc, no job is found.
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
    // All of its processes have ended.
  }
}
