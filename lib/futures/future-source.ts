import type { ClassAd } from '../base/class-ad.ts';
import type { JobAction } from '../batch/batch-system.ts';
import type { OutputFile, Progress } from '../job-set/call-outputs.ts';

/** What one call used on the machine that ran it. */
export interface Usage {
  /** When the call began and ended, by the clock of the machine that ran it. */
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Processor time of the job's process, in milliseconds. */
  readonly userCpuMs: number;
  readonly systemCpuMs: number;
  /** The largest resident set of the job's process. */
  readonly peakMemoryBytes: number;
  readonly pid: number;
  /** Node's version there, such as `v20.19.0`. */
  readonly nodeVersion: string;
}

/** What a future asks of the executor that made it. */
export interface FutureSource {
  readonly jobId: string | undefined;
  readonly host: string | undefined;
  readonly usage: Usage | undefined;
  readonly attempts: number;
  /** Where the call's job can be controlled; none for calls that no batch system runs. */
  readonly control?: JobControl | undefined;
  stdout(): Promise<string>;
  stderr(): Promise<string>;
  /** None, for calls that have no job set. */
  outputFiles?(): Promise<readonly OutputFile[]>;
  /** How far the call says that it has come; absent where nobody can tell. */
  progress?(): Promise<Progress | undefined>;
  /** Called once, when the future is done, before its callbacks are. */
  onDone?(): void;
  /** Called once, when the future has become cancelled. */
  onCancel(): void;
}

/** What a future asks about its job, and for it. Each waits for the job to be submitted. */
export interface JobControl {
  /** @throws {JobControlError} {@link CommandError}; {@link InvalidStateError} if the future is done before there is a job */
  act(action: JobAction): Promise<void>;
  analyze(): Promise<string>;
  classAd(): Promise<ClassAd>;
}
