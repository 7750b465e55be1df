import type { ClassAd } from './base/class-ad.ts';

/** What a call knows of the job that it runs in. */
export interface CurrentJob {
  /** The name of the map that the call belongs to; undefined if it belongs to none. */
  readonly tag: string | undefined;
  /** Which of the inputs of that map the call has, counted from 0. */
  readonly component: number | undefined;
  /** As the batch system names the job, `cluster.proc` on HTCondor; that of the worker, where calls share one. */
  readonly jobId: string | undefined;
  /** The how manieth job of the call this is, counted from 1: more than 1 with `retries`, or after a rerun. */
  readonly attempt: number;
  /** How often the batch system has started this very job, this time included; undefined where it does not tell. */
  readonly starts: number | undefined;
  /** A directory on the machine's own disk, which is removed with the job. */
  readonly scratchDirectory: string;
  /** How long the process has between the signal to end and being killed, in milliseconds, if that is known. */
  readonly vacateTime: number | undefined;
  /** When the process is going to be killed: once it has been told to end, and if it is known. */
  readonly deadline: Date | undefined;
  /**
   * Aborts when the job is to leave its machine: evicted, vacated, held or removed. The `reason` is a JobEndingError. A call that has
   * asked for it is not ended by the signal: it may save what it has (`checkpoint.save` then ends the process), throw, which ends it too, or
   * still return its value in time.
   */
  readonly signal: AbortSignal;
  /** The job's ClassAd as it was when the job started, by HTCondor's names; undefined outside of HTCondor. */
  jobAd(): ClassAd | undefined;
  /** The ClassAd of the part of the machine that the job has; undefined outside of HTCondor. */
  machineAd(): ClassAd | undefined;
  /** As the function {@link progress}. */
  progress(fraction: number, text?: string): void;
}

/** Keeps what a call has reached, for the next process that goes on with it. */
export interface Checkpoint {
  /**
   * Keeps a state: anything that can travel. It is copied before this returns; resolves when it is on the disk. Saves that come while one is
   * being written replace each other. After the signal to end, the process ends once it is saved.
   * @throws {SerializationError} if it cannot travel; {@link CheckpointError} if it cannot be written
   */
  save(state: unknown): Promise<void>;
  /**
   * The state that was saved last, by this process or an earlier one; undefined if there is none.
   * @throws {CheckpointError} {@link PayloadError}
   */
  load<T = unknown>(): Promise<T | undefined>;
  /**
   * Keeps copies of files and directories, all of them together, in the place of those that were kept before.
   * @throws {TypeError} if two of them have the same name; {@link CheckpointError} if one cannot be read, or its copy not be written
   */
  saveFiles(...paths: string[]): Promise<void>;
  /**
   * Puts the files that were kept last into a directory, in the place of those of the same names.
   * @param directory by default the job's `scratchDirectory`
   * @returns their paths there, in the order in which they were saved; none if there are none
   * @throws {CheckpointError}
   */
  restoreFiles(directory?: string): Promise<string[]>;
}

/** What the runner puts at the disposal of a call. */
export interface InsideCall {
  readonly job: CurrentJob;
  readonly checkpoint: Checkpoint;
  outputFile(path: string): void;
}

/** The job of the call that asks; undefined where no call of a job is being made, as in the program itself and in worker threads. */
export function currentJob(): CurrentJob | undefined {
  return inside()?.job;
}

/**
 * Tells whoever waits for the call how far it has come: `future.progress()`. Costs little, however often it is called; does nothing outside
 * of a job.
 * @param fraction from 0 to 1
 * @param text what it is doing
 * @throws {TypeError} {@link RangeError} for anything else
 */
export function progress(fraction: number, text?: string): void {
  inside()?.job.progress(fraction, text);
}

/**
 * Sends a file or directory back: moves it to the job set, or has it transferred there, where `future.outputFiles()` tells of it. It stays there
 * until it is removed together with the job set's directory. Its name there is its path below the current directory; of what lies elsewhere, its
 * last name. What was sent under that name before is replaced.
 * @throws {OutputFileError} if it is not there, or cannot be moved; {@link TypeError}; an Error outside of a job's call
 */
export function outputFile(path: string): void {
  const call = inside();
  // No class of this package: where a job cannot load it, this function travels alone.
  if (call === undefined)
    throw new Error(
      `outputFile(${JSON.stringify(path)}) is not called in the course of a job's call: there is nowhere to send it`,
    );
  call.outputFile(path);
}

/** Of the call that asks. Outside of a job nothing is saved, and there is nothing to load: so a function can run here, too. */
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

/** The runner in a job and this module may be of different copies of the package, so they meet in the global object. */
function inside(): InsideCall | undefined {
  const find = (globalThis as Record<symbol, unknown>)[Symbol.for('condor-futures.inside')];
  return typeof find === 'function' ? (find() as InsideCall | undefined) : undefined;
}
