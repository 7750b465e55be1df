import type { ClassAd } from './base/class-ad.ts';

/** The job in which a call runs. */
export interface CurrentJob {
  /** Tag of the map to which the call belongs; undefined if it belongs to none. */
  readonly tag: string | undefined;
  /** Index of the call's input in that map, counted from 0; undefined if the call belongs to no map. */
  readonly component: number | undefined;
  /**
   * The batch system's id of the job, `cluster.proc` on HTCondor; of the worker's job for a call on a warm
   * worker.
   */
  readonly jobId: string | undefined;
  /** Number of this attempt of the call, counted from 1; more than 1 after a retry or a rerun. */
  readonly attempt: number;
  /**
   * How often the batch system has started this job, including this time; undefined if it does not report
   * that.
   */
  readonly starts: number | undefined;
  /** A directory on a local disk of the machine; it is deleted when the job ends. */
  readonly scratchDirectory: string;
  /** Time between the signal to end and SIGKILL, in milliseconds; undefined if it is not known. */
  readonly vacateTime: number | undefined;
  /** When the process will be killed; undefined before the signal to end, and if the time is not known. */
  readonly deadline: Date | undefined;
  /**
   * Aborts when the job has to leave its machine: evicted, vacated, held or removed; the `reason` is a
   * JobEndingError. A call that has read this property is not ended by the signal: it may save a checkpoint
   * or throw, either of which ends the process, or still return its value in time.
   */
  readonly signal: AbortSignal;
  /** The ClassAd of the job when it started, by HTCondor's attribute names; undefined outside of HTCondor. */
  jobAd(): ClassAd | undefined;
  /** The ClassAd of the job's slot on the machine; undefined outside of HTCondor. */
  machineAd(): ClassAd | undefined;
  /** Reports progress, like the function {@link progress}. */
  progress(fraction: number, text?: string): void;
}

/** Saves intermediate results of a call, for the next process that continues it. */
export interface Checkpoint {
  /**
   * Saves a state: any value that a call could return. It is copied before this returns; the promise resolves
   * when it is on the disk. Saves made while one is being written replace each other. After the signal to
   * end, the process ends once the state is saved.
   * @throws {SerializationError} if the state cannot be serialized; {@link CheckpointError} if it cannot be
   * written
   */
  save(state: unknown): Promise<void>;
  /**
   * Loads the state that this process or an earlier one saved last; undefined if there is none.
   * @throws {CheckpointError} {@link PayloadError}
   */
  load<T = unknown>(): Promise<T | undefined>;
  /**
   * Saves copies of files and directories, all of them together; they replace the files saved before.
   * @throws {TypeError} if two of them have the same name; {@link CheckpointError} if a file cannot be read
   * or copied
   */
  saveFiles(...paths: string[]): Promise<void>;
  /**
   * Copies the files that were saved last to a directory, where they replace files of the same names.
   * @param directory by default the job's `scratchDirectory`
   * @returns their paths there, in the order in which they were saved; empty if there are none
   * @throws {CheckpointError}
   */
  restoreFiles(directory?: string): Promise<string[]>;
}

/** Implementation of the functions of this module, which the runner provides. */
export interface InsideCall {
  readonly job: CurrentJob;
  readonly checkpoint: Checkpoint;
  outputFile(path: string): void;
}

/**
 * The job of the current call; undefined outside of a job's call, as in the submitting program and in worker
 * threads.
 */
export function currentJob(): CurrentJob | undefined {
  return inside()?.job;
}

/**
 * Reports the progress of the current call, which the submitting program reads by `future.progress()`. Cheap
 * enough to be called often; does nothing outside of a job.
 * @param fraction from 0 to 1
 * @param text describes what the call is doing
 * @throws {TypeError} {@link RangeError} for invalid arguments
 */
export function progress(fraction: number, text?: string): void {
  inside()?.job.progress(fraction, text);
}

/**
 * Sends a file or directory back: it is moved or transferred to the job set, where `future.outputFiles()`
 * lists it until the job set's directory is deleted. Its name there is its path below the current directory,
 * or its base name if it lies elsewhere; an earlier file of that name is replaced.
 * @throws {OutputFileError} if the file does not exist or cannot be moved; {@link TypeError} for anything but
 * a path; an Error outside of a job's call
 */
export function outputFile(path: string): void {
  const call = inside();
  // Not an error class of this package: a job that cannot load the package gets this function by value.
  if (call === undefined)
    throw new Error(
      `outputFile(${JSON.stringify(path)}) is not called in the course of a job's call: there is nowhere to send it`,
    );
  call.outputFile(path);
}

/**
 * Checkpoints of the current call. Outside of a job, saving does nothing and there is nothing to load, so
 * that functions run there, too.
 */
export const checkpoint: Checkpoint = {
  save: async (state) => {
    await inside()?.checkpoint.save(state);
  },
  load: async <T>() => inside()?.checkpoint.load<T>(),
  saveFiles: async (...paths) => {
    await inside()?.checkpoint.saveFiles(...paths);
  },
  restoreFiles: async (directory) => (await inside()?.checkpoint.restoreFiles(directory)) ?? [],
};

/**
 * The runner and this module may belong to different copies of the package, so they meet in the global
 * object.
 */
function inside(): InsideCall | undefined {
  const find = (globalThis as Record<symbol, unknown>)[Symbol.for('condor-futures.inside')];
  return typeof find === 'function' ? (find() as InsideCall | undefined) : undefined;
}
