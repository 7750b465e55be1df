import type { ClassAd } from '../base/class-ad.ts';
import type { SubmitOptions, VariedOptions } from './submit-options.ts';

/**
 * Contract between an executor and the system that runs its jobs: HTCondor, Slurm, Grid Engine, or processes
 * of this machine.
 */
export interface BatchSystem {
  /** Name for messages and logs, such as `HTCondor`. */
  readonly name: string;
  /** The queue that holds its jobs; undefined for a system that runs them on this machine. */
  readonly queue?: { readonly pool: string | undefined; readonly schedd: string | undefined } | undefined;
  /** How the system reports events of its jobs. */
  readonly events: EventSource;
  /**
   * Matches names of environment variables that the system sets for each job, and that the program's must not
   * replace.
   */
  readonly jobVariables?: RegExp | undefined;
  /** Checks submit options. @throws {TypeError} for those that this system cannot give to jobs */
  checkSubmitOptions(submit: SubmitOptions): void;
  /** Checks directories. @throws {TypeError} for those that this system cannot give to jobs */
  checkPlace(place: JobPlace): void;
  /**
   * Submits jobs together; retries for some time if the system does not answer.
   * @param signal ends the retries, because the jobs are no longer wanted
   * @returns their ids in the order of the jobs
   * @throws {SubmitError} if none was submitted; {@link CommandNotFoundError}
   */
  submit(batch: JobBatch, signal?: AbortSignal): Promise<string[]>;
  /**
   * Finds jobs that an earlier process submitted, even if it ended before it knew their ids.
   * @param knownIds ids that the earlier process recorded
   * @param since time of the submission
   * @returns their ids in the order of the jobs; undefined for jobs that the system does not know
   * @throws {CommandError} if the system gives no answer
   */
  find(
    batch: SubmittedBatch,
    knownIds: readonly string[] | undefined,
    since: Date,
  ): Promise<(string | undefined)[]>;
  /**
   * Removes jobs of a job set from the queue, running or not. Jobs that have left it already are no error. Here
   * and below, a job that has the id but is not of the job set is left alone: a system that was set up anew
   * gives ids again.
   */
  remove(jobIds: readonly string[], jobSetId: string): Promise<void>;
  /**
   * Asks for the present states of jobs of a job set, as events. Jobs that the system does not know are missing
   * in the answer; a job whose id another one has got is lost.
   * @throws {CommandError} if the system gives no answer, which means nothing for the jobs
   */
  status(jobIds: readonly string[], jobSetId: string): Promise<Map<string, JobEvent | LostJob>>;
  /**
   * Asks for an action on jobs of a job set. A job that is already in the wanted state is no error.
   * @returns reasons of refusals by job id; the action was accepted for the other jobs
   * @throws {CommandError} if the system gives no answer
   */
  act(action: JobAction, jobIds: readonly string[], jobSetId: string): Promise<Map<string, string>>;
  /**
   * Explains in plain text why a job of a job set does not run, or how it ended. Undefined if the system does
   * not know it.
   * @throws {CommandError} if the system gives no answer
   */
  analyze(jobId: string, jobSetId: string): Promise<string | undefined>;
  /**
   * Returns the ClassAds of jobs of a job set, also of those that have left the queue. Jobs that the system does
   * not know are missing.
   * @throws {CommandError} if the system gives no answer
   */
  describe(jobIds: readonly string[], jobSetId: string): Promise<Map<string, ClassAd>>;
  /**
   * Notifies the system that the outcome of a job was read, so that its status does not matter any more.
   * @param duration of its calls in milliseconds; undefined if it is not known
   */
  onOutcome?(jobId: string, duration: number | undefined): void;
  /**
   * Ends jobs that stay in the queue for future calls, before the job set is removed; takes no longer than
   * the timeout.
   */
  retire?(timeoutMs: number): Promise<void>;
  /** Removes whole job sets when the process ends; undefined if {@link close} ends all jobs anyway. */
  readonly jobSetRemoval?: JobSetRemoval;
  /**
   * Whether any number of jobs with these options should be submitted together, because the system
   * materializes them gradually.
   */
  takesAll?(submit: SubmitOptions): boolean;
  /** Creates a system for a map's job set, which shares the machines but is closed separately. */
  forMap(): BatchSystem;
  /**
   * Whether jobs that are submitted together may have different values of a submit option, judged by one of
   * the values.
   * @default never
   */
  canVary?(name: string, submit: SubmitOptions): boolean;
  /** Ends jobs that cannot outlive the system, and releases its resources. */
  close(): Promise<void>;
}

/** Actions that a future can ask for its job, other than its removal. */
export type JobAction =
  | { readonly kind: 'hold'; readonly reason?: string | undefined }
  | { readonly kind: 'release' | 'vacate' | 'suspend' | 'continue' }
  | JobEdit;

/**
 * Changes a job's request: `RequestMemory` in MiB, `RequestDisk` in KiB. A running job keeps its slot as it
 * is until it starts again.
 */
export interface JobEdit {
  readonly kind: 'edit';
  readonly attribute: 'RequestMemory' | 'RequestDisk';
  readonly value: number;
}

/**
 * Removes all jobs of a job set, also those whose ids are not known yet, so that they do not outlive the
 * process.
 */
export interface JobSetRemoval {
  /** @throws {CommandError} */
  remove(jobSetId: string): Promise<void>;
  /**
   * Removes the jobs synchronously, after ending pending submissions.
   * @throws {CommandError} also if it takes longer than the timeout
   */
  removeNow(jobSetId: string, timeoutMs: number): void;
  /** Starts the removal without waiting for its result. */
  removeUnseen(jobSetId: string): void;
  /** The shell command with which a user can do the same. */
  commandFor(jobSetId: string): string;
}

/** Directories of an executor. */
export interface JobPlace {
  /** Directory of the job sets. */
  readonly directory: string;
  /** The current directory of the jobs. */
  readonly cwd: string;
}

/**
 * Jobs of one job set that are submitted together. They differ in their calls, and in options for which
 * {@link BatchSystem.canVary} is true.
 */
export interface JobBatch {
  /** The job set; file names within its directory are defined in job-set/names.ts. */
  readonly jobSet: {
    readonly id: string;
    readonly directory: string;
    /**
     * Whether jobs do not see the directory, and get their files by file transfer.
     * @default false
     */
    readonly transfers?: boolean;
    /** Absolute paths of further files to transfer to every job. */
    readonly brings?: readonly string[];
  };
  /** Number of the submission in its job set, from 1. */
  readonly submission: number;
  readonly jobs: readonly {
    readonly key: string;
    /** Arguments of the runner after the directory: key, batch, offset, length, hash and submission. */
    readonly arguments: readonly string[];
    /**
     * Files to transfer to this job besides those of all jobs: paths in the job set, and URLs. Undefined for
     * jobs that see the job set.
     */
    readonly travels?: readonly string[] | undefined;
  }[];
  readonly cwd: string;
  readonly submit: SubmitOptions;
  /** Further submit options, with a value for each job. */
  readonly varied?: VariedOptions | undefined;
  /**
   * Number of other jobs of the executor in the queue whose calls are not done.
   * @default 0
   */
  readonly busy?: number;
  /** Machines not to run on if the system has others. */
  readonly avoid: readonly AvoidedMachine[];
  /**
   * Whether the jobs stay when their calls are done, so that the program may end without waiting for them.
   */
  readonly outlivesCalls?: boolean | undefined;
}

/** Jobs that an earlier process submitted together, as far as they are known. */
export interface SubmittedBatch {
  readonly jobSet: { readonly id: string; readonly directory: string };
  readonly submission: number;
  readonly submit: SubmitOptions;
  readonly jobs: readonly {
    readonly key: string;
    /**
     * Position among all jobs that were submitted together, from 0.
     * @default its position in this array
     */
    readonly position?: number;
  }[];
}

/** A machine by its name in events, and the time by Date.now() until which it is avoided. */
export interface AvoidedMachine {
  readonly host: string;
  readonly until: number;
}

/**
 * Source of job events: a log file to follow, with or without a callback for further events, or a callback
 * alone.
 */
export type EventSource =
  | {
      readonly kind: 'log';
      parse: (bytes: Buffer) => ParsedEvents;
      subscribe?(listener: (event: JobEvent) => void): void;
    }
  | { readonly kind: 'callback'; subscribe(listener: (event: JobEvent) => void): void };

/** The complete events at the beginning of some bytes, and the number of bytes that they take. */
export interface ParsedEvents {
  readonly events: readonly JobEvent[];
  readonly consumed: number;
}

/** An event of a job. Events may be late, missing or repeated. */
export type JobEvent = JobSighting &
  (
    | { readonly kind: 'queued' }
    /** It left its machine, and is back in the queue unless another event says otherwise. */
    | { readonly kind: 'evicted' }
    | {
        readonly kind: 'running';
        readonly host?: string | undefined;
        /** Name of the slot, if the system has slots. */
        readonly slot?: string | undefined;
      }
    /** Its memory was measured. */
    | { readonly kind: 'measured' }
    /** Its processes were stopped, or continue; it keeps its machine. */
    | { readonly kind: 'suspended' | 'continued' }
    /**
     * Its files are transferred, or queued for that: to its machine before it runs, or back before it ends.
     */
    | {
        readonly kind: 'transferring';
        readonly direction: 'input' | 'output';
        readonly phase: 'queued' | 'started' | 'finished';
      }
    | {
        readonly kind: 'held';
        readonly reason: string;
        readonly code?: number | undefined;
        readonly subCode?: number | undefined;
        /** Whether it was held by {@link BatchSystem.act}. */
        readonly requested?: boolean | undefined;
      }
    /** It was removed by a user, or by a policy: see JobRemovedByPolicyError. */
    | { readonly kind: 'removed'; readonly reason: string; readonly byPolicy?: boolean | undefined }
    /** It left the queue by itself: its process ended with an exit code or by a signal. */
    | {
        readonly kind: 'ended';
        readonly exitCode?: number | undefined;
        readonly signal?: number | undefined;
        /**
         * CPU time of its last run, user and system, in milliseconds; 0 if the system does not measure it.
         */
        readonly remoteCpuMs?: number | undefined;
      }
  );

/** A job that the batch system does not know any more. `reason`: if more is known than that. */
export interface LostJob {
  readonly kind: 'lost';
  readonly jobId: string;
  readonly reason?: string | undefined;
}

/** Fields of all job events. */
export interface JobSighting {
  readonly jobId: string;
  /** Time by the clock of the submit machine, to the second; undefined for an answer to a query. */
  readonly at?: Date | undefined;
  /** Peak memory measured so far, in bytes. */
  readonly memoryUsed?: number | undefined;
  /** In bytes. */
  readonly memoryRequested?: number | undefined;
}
