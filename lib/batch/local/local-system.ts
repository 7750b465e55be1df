import { spawn, type ChildProcess } from 'node:child_process';
import { hostname, constants } from 'node:os';
import { scriptFile } from '../../job-set/names.ts';
import type { BatchSystem, EventSource, JobBatch, JobEvent } from '../batch-system.ts';

/** After SIGTERM, a removed job has this long to end before SIGKILL, as HTCondor does it. */
const KILL_AFTER_MS = 10_000;

interface LocalJob {
  readonly id: string;
  readonly batch: JobBatch;
  readonly job: JobBatch['jobs'][number];
}

/** Runs jobs as processes of this machine, a few at a time, first come first served. */
export class LocalSystem implements BatchSystem {
  readonly name = 'local';
  readonly events: EventSource = {
    kind: 'callback',
    subscribe: (listener) => this.#listeners.push(listener),
  };
  readonly #maxWorkers: number;
  readonly #listeners: ((event: JobEvent) => void)[] = [];
  readonly #waiting = new Map<string, LocalJob>();
  readonly #running = new Map<string, ChildProcess>();
  readonly #removed = new Set<string>();
  /** Those that could not be started. */
  readonly #held = new Set<string>();
  #submitted = 0;

  constructor(maxWorkers: number) {
    this.#maxWorkers = maxWorkers;
  }

  /** A program that moves here from a pool brings its requests along; this machine has nothing to do with them. */
  checkSubmitOptions(): void {}

  checkPlace(): void {}

  async submit(batch: JobBatch): Promise<string[]> {
    const ids = batch.jobs.map((job) => {
      this.#submitted += 1;
      const id = `local.${this.#submitted}`;
      this.#waiting.set(id, { id, batch, job });
      return id;
    });
    // The caller learns the ids before anything happens to the jobs.
    setImmediate(() => this.#startSome());
    return ids;
  }

  async remove(jobIds: readonly string[]): Promise<void> {
    for (const id of jobIds) {
      if (this.#waiting.delete(id) || this.#held.delete(id))
        this.#emit({ jobId: id, kind: 'removed', reason: 'removed before it started' });
      else if (this.#running.has(id)) {
        this.#removed.add(id);
        stop(this.#running.get(id) as ChildProcess);
      }
    }
  }

  async status(jobIds: readonly string[]): Promise<Map<string, JobEvent>> {
    const known = jobIds.filter((jobId) => this.#waiting.has(jobId) || this.#running.has(jobId));
    return new Map(
      known.map((jobId) => [jobId, { jobId, kind: this.#running.has(jobId) ? 'running' : 'queued' }]),
    );
  }

  async close(): Promise<void> {
    await this.remove([...this.#waiting.keys(), ...this.#running.keys()]);
  }

  #startSome(): void {
    for (const [id, job] of this.#waiting) {
      if (this.#running.size >= this.#maxWorkers) return;
      this.#waiting.delete(id);
      void this.#run(job).then((event) => {
        this.#running.delete(id);
        this.#removed.delete(id);
        this.#emit(event);
        this.#startSome();
      });
    }
  }

  /** Runs one job to its end; never rejects. */
  async #run({ id, batch, job }: LocalJob): Promise<JobEvent> {
    try {
      const child = spawn('/bin/sh', [scriptFile(batch.jobSet.directory), ...job.arguments], {
        cwd: batch.cwd,
        env: process.env,
        stdio: 'ignore',
      });
      this.#running.set(id, child);
      return await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('spawn', () => this.#emit({ jobId: id, kind: 'running', host: hostname() }));
        child.on('exit', (code, signal) => resolve(this.#endOf(id, code, signal)));
      });
    } catch (error) {
      this.#held.add(id);
      return {
        jobId: id,
        kind: 'held',
        reason: `the job's process cannot be started: ${(error as Error).message}`,
      };
    }
  }

  #endOf(jobId: string, exitCode: number | null, signal: NodeJS.Signals | null): JobEvent {
    if (this.#removed.has(jobId)) return { jobId, kind: 'removed', reason: 'removed while it ran' };
    return signal === null
      ? { jobId, kind: 'ended', exitCode: exitCode ?? 0 }
      : { jobId, kind: 'ended', signal: constants.signals[signal] };
  }

  #emit(event: JobEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function stop(child: ChildProcess): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  child.once('exit', () => clearTimeout(timer));
}
