import type { ClassAd } from '../base/class-ad.ts';
import type { JobAction } from '../batch/batch-system.ts';
import type { OutputFile, Progress } from '../job-set/call-outputs.ts';

/** Time and memory that one call used on the machine that ran it. */
export interface Usage {
  /** Start and end of the call, by the clock of that machine. */
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Processor time of the job's process, in milliseconds. */
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  /** Largest resident set size of the job's process. */
  readonly peakMemoryBytes: number;
  readonly pid: number;
  /** Version of Node on that machine, such as `v20.19.0`. */
  readonly nodeVersion: string;
}

/** The information and operations that a future needs from the executor that created it. */
export interface FutureSource {
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  readonly usage: Usage | undefined;
  readonly attempts: number;
  /** Control of the call's job; absent for calls that no batch system runs. */
  readonly control?: JobControl | undefined;
  stdout(): Promise<string>;
  stderr(): Promise<string>;
  /** Absent for calls without a job set. */
  outputFiles?(): Promise<readonly OutputFile[]>;
  /** The call's last report of its progress; absent if it cannot report any. */
  progress?(): Promise<Progress | undefined>;
  /** Called once, when the future is done, before its callbacks are. */
  onDone?(): void;
  /** Called once, when the future has been cancelled. */
  onCancel(): void;
}

/** Operations on the job of a future. Each waits until the job is submitted. */
export interface JobControl {
  /**
   * @throws {JobControlError} {@link CommandError};
   * {@link InvalidStateError} if the future is done before there is a job
   */
  act(action: JobAction): Promise<void>;
  analyze(): Promise<string>;
  classAd(): Promise<ClassAd>;
}
