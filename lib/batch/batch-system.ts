import type { ClassAd } from '../base/class-ad.ts';
import type { SubmitOptions, VariedOptions } from './submit-options.ts';

/** The contract between the executor and what runs its jobs: HTCondor, Slurm, Grid Engine, processes of this machine. */
export interface BatchSystem {
  /** For messages and logs, such as `HTCondor`. */
  readonly name: string;
  /** Which queue its jobs are in; undefined for a system whose jobs are on this machine. */
  readonly queue?: { readonly pool: string | undefined; readonly schedd: string | undefined } | undefined;
  /** How the system tells what becomes of its jobs. */
  readonly events: EventSource;
  /** Variables that the system sets for each job, by name: values of the program's would be wrong there. */
  readonly jobVariables?: RegExp | undefined;
  /** @throws {TypeError} for submit options that cannot be given to jobs here */
  checkSubmitOptions(submit: SubmitOptions): void;
  /** @throws {TypeError} for a place that cannot be given to jobs here */
  checkPlace(place: JobPlace): void;
  /**
   * Submits jobs in one go; waits for a while where nobody answers.
   * @param signal ends that wait: nobody wants the jobs any more
   * @returns their ids, in the order of the jobs
   * @throws {SubmitError} if none was submitted; {@link CommandNotFoundError}
   */
  submit(batch: JobBatch, signal?: AbortSignal): Promise<string[]>;
  /**
   * Finds jobs that an earlier process submitted, perhaps without having heard their ids.
   * @param told the ids that it had heard
   * @param since when it submitted them
   * @returns their ids, in the order of the jobs; undefined for those that the system does not know
   * @throws {CommandError} if it gives no answer
   */
  find(
    batch: SubmittedBatch,
    told: readonly string[] | undefined,
    since: Date,
  ): Promise<(string | undefined)[]>;
  /** Removes jobs from the queue, running or not; those that are gone already are no error. */
  remove(jobIds: readonly string[]): Promise<void>;
  /**
   * Asks for jobs of which nothing has been heard for long. Jobs that the system does not know are missing in the answer.
   * @throws {CommandError} if it gives no answer, which says nothing about the jobs
   */
  status(jobIds: readonly string[]): Promise<Map<string, JobEvent>>;
  /**
   * Asks for something to be done to jobs. To ask twice for the same is no error where the job is in the wanted state then.
   * @returns why the system refuses, by job; for the others it has accepted
   * @throws {CommandError} if it gives no answer
   */
  act(action: JobAction, jobIds: readonly string[]): Promise<Map<string, string>>;
  /**
   * Why a job does not run, in plain text; or what became of it. Undefined if the system does not know it.
   * @throws {CommandError} if it gives no answer
   */
  analyze(jobId: string): Promise<string | undefined>;
  /**
   * All that is known of jobs, also of those that have left the queue. Jobs that the system does not know are missing.
   * @throws {CommandError} if it gives no answer
   */
  describe(jobIds: readonly string[]): Promise<Map<string, ClassAd>>;
  /**
   * An outcome of a job was read: it is not asked for any more.
   * @param duration how long its calls took, in milliseconds, if that could be read
   */
  onOutcome?(jobId: string, duration: number | undefined): void;
  /**
   * Ends what it keeps in the queue for calls to come, as there are none: before the job set goes. For so many milliseconds at the most.
   */
  retire?(timeoutMs: number): Promise<void>;
  /** Removes whole job sets when the process ends; a system whose jobs end with {@link close} has none. */
  readonly jobSetRemoval?: JobSetRemoval;
  /** Whether jobs with these options are best submitted together, however many they are: it takes them bit by bit. */
  takesAll?(submit: SubmitOptions): boolean;
  /** Another one for a job set of its own, with the same machines; it is closed by itself. */
  forMap(): BatchSystem;
  /**
   * Whether jobs that are submitted together may have different values of a submit option, such as this one.
   * @default never
   */
  canVary?(name: string, submit: SubmitOptions): boolean;
  /** Frees what the system holds open. */
  close(): Promise<void>;
}

/** What a future can ask for its job, other than its removal. */
export type JobAction =
  | { readonly kind: 'hold'; readonly reason?: string | undefined }
  | { readonly kind: 'release' | 'vacate' | 'suspend' | 'continue' }
  | JobEdit;

/** Changes what a job asks for: `RequestMemory` in MiB, `RequestDisk` in KiB. One that runs keeps what it has until it begins anew. */
export interface JobEdit {
  readonly kind: 'edit';
  readonly attribute: 'RequestMemory' | 'RequestDisk';
  readonly value: number;
}

/** What becomes of jobs that would outlive the process: all of a job set, also those whose ids are not known yet. */
export interface JobSetRemoval {
  /** @throws {CommandError} */
  remove(jobSetId: string): Promise<void>;
  /**
   * The same without a turn of the event loop, and ends the submissions that are under way.
   * @throws {CommandError} if it takes longer than so many milliseconds, too
   */
  removeNow(jobSetId: string, timeoutMs: number): void;
  /** The same without waiting for anything at all. */
  removeUnseen(jobSetId: string): void;
  /** What a user can type to do the same. */
  commandFor(jobSetId: string): string;
}

/** What is the same for all jobs of an executor. */
export interface JobPlace {
  /** Where job sets lie. */
  readonly directory: string;
  /** The current directory of the jobs. */
  readonly cwd: string;
}

/** Jobs of one job set that are submitted together and differ only in their call, and where the system {@link BatchSystem.canVary}. */
export interface JobBatch {
  /** The job set's id and directory; the names in it are those of job-set/names.ts. */
  readonly jobSet: {
    readonly id: string;
    readonly directory: string;
    /**
     * Jobs do not see the directory.
     * @default false
     */
    readonly transfers?: boolean;
    /** What travels to every job besides: absolute paths. */
    readonly brings?: readonly string[];
  };
  /** Of the submissions of the job set, counted from 1. */
  readonly submission: number;
  readonly jobs: readonly {
    readonly key: string;
    /** What the runner needs behind the directory: key, batch, offset, length, hash and submission. */
    readonly arguments: readonly string[];
    /** What must travel to it besides what travels to all jobs: paths in the job set, and URLs. Undefined for jobs that see the job set. */
    readonly travels?: readonly string[] | undefined;
  }[];
  readonly cwd: string;
  readonly submit: SubmitOptions;
  /** Submit options beside those, of which each job has its own. */
  readonly varied?: VariedOptions | undefined;
  /**
   * How many other jobs of the executor are in the queue for calls that are not done.
   * @default 0
   */
  readonly busy?: number;
  /** Machines not to run on, where the system has others. */
  readonly avoid: readonly AvoidedHost[];
  /** The jobs stay when their calls are done: the program may end without them. */
  readonly outlivesCalls?: boolean | undefined;
}

/** What is known of jobs that were submitted together by an earlier process. */
export interface SubmittedBatch {
  readonly jobSet: { readonly id: string; readonly directory: string };
  readonly submission: number;
  readonly submit: SubmitOptions;
  readonly jobs: readonly {
    readonly key: string;
    /**
     * Among all that were submitted together, counted from 0.
     * @default that among these
     */
    readonly position?: number;
  }[];
}

/** A machine, by the name that events give it, and until when it is avoided, by Date.now(). */
export interface AvoidedHost {
  readonly host: string;
  readonly until: number;
}

/** Either a log file to be followed, perhaps besides others that the system calls back for, or a system that calls back. */
export type EventSource =
  | {
      readonly kind: 'log';
      parse: (bytes: Buffer) => ParsedEvents;
      subscribe?(listener: (event: JobEvent) => void): void;
    }
  | { readonly kind: 'callback'; subscribe(listener: (event: JobEvent) => void): void };

/** The whole events at the beginning of some bytes, and how many of the bytes they take. */
export interface ParsedEvents {
  readonly events: readonly JobEvent[];
  readonly consumed: number;
}

/** What happened to a job. Events may be late, missing or doubled. */
export type JobEvent = JobSighting &
  (
    | { readonly kind: 'queued' }
    /** It was taken off its machine, and is back in the queue, unless another event says otherwise. */
    | { readonly kind: 'evicted' }
    | {
        readonly kind: 'running';
        readonly host?: string | undefined;
        /** The part of the machine that the job has, by its own name, if there are such. */
        readonly slot?: string | undefined;
      }
    /** Nothing happened but that its memory was measured. */
    | { readonly kind: 'measured' }
    /** Its processes stop where they are, and go on: it is running all the while. */
    | { readonly kind: 'suspended' | 'continued' }
    /** Its files travel, or wait to: to its machine before it runs, or back from there before it ends. */
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
        /** It was held because `act` asked for it. */
        readonly requested?: boolean | undefined;
      }
    /** @see JobRemovedByPolicyError for `byPolicy` */
    | { readonly kind: 'removed'; readonly reason: string; readonly byPolicy?: boolean | undefined }
    /** The job has left the queue by itself; its process ended with a code or by a signal. */
    | {
        readonly kind: 'ended';
        readonly exitCode?: number | undefined;
        readonly signal?: number | undefined;
        /** Processor time of its last run, user and system, in milliseconds; some systems measure none, and say 0. */
        readonly remoteCpuMs?: number | undefined;
      }
  );

/** What any event may tell besides. */
export interface JobSighting {
  readonly jobId: string;
  /** When it happened, by the clock of the submit machine, to the second; undefined for what was not told, but asked for. */
  readonly at?: Date | undefined;
  /** The most that the job has been seen to use, in bytes. */
  readonly memoryUsed?: number | undefined;
  /** In bytes. */
  readonly memoryRequested?: number | undefined;
}
