/** The contract between the executor and what runs its jobs: HTCondor, Slurm, Grid Engine, processes of this machine. */
export interface BatchSystem {
  /** For messages and logs, such as `HTCondor`. */
  readonly name: string;
  /** How the system tells what becomes of its jobs. */
  readonly events: EventSource;
  /** @throws {TypeError} for submit options that cannot be given to jobs here */
  checkSubmitOptions(submit: SubmitOptions): void;
  /** @throws {TypeError} for a place or environment that cannot be given to jobs here */
  checkPlace(place: JobPlace): void;
  /**
   * Submits jobs in one go; waits for a while where nobody answers.
   * @param signal ends that wait: nobody wants the jobs any more
   * @returns their ids, in the order of the jobs
   * @throws {SubmitError} if none was submitted; {@link CommandNotFoundError}
   */
  submit(batch: JobBatch, signal?: AbortSignal): Promise<string[]>;
  /** Removes jobs from the queue, running or not; those that are gone already are no error. */
  remove(jobIds: readonly string[]): Promise<void>;
  /**
   * Asks for jobs of which nothing has been heard for long. Jobs that the system does not know are missing in the answer.
   * @throws {CommandError} if it gives no answer, which says nothing about the jobs
   */
  status(jobIds: readonly string[]): Promise<Map<string, JobEvent>>;
  /** Frees what the system holds open. */
  close(): Promise<void>;
}

/** Submit commands (HTCondor) by name, as the user wrote them. */
export type SubmitOptions = Readonly<Record<string, string | number | boolean>>;

/** What is the same for all jobs of an executor. */
export interface JobPlace {
  /** Where job sets lie. */
  readonly directory: string;
  /** The current directory of the jobs. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Jobs of one job set that are submitted together and differ only in their call. */
export interface JobBatch {
  /** The job set's id and directory; the names in it are those of job-set/names.ts. */
  readonly jobSet: { readonly id: string; readonly directory: string };
  /** Of the submissions of the job set, counted from 1. */
  readonly submission: number;
  readonly jobs: readonly {
    readonly key: string;
    /** What the runner needs behind the directory: key, batch, offset and length. */
    readonly arguments: readonly string[];
  }[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly submit: SubmitOptions;
}

/** Either a log file to be followed, or a system that calls back. */
export type EventSource =
  | { readonly kind: 'log'; parse: (bytes: Buffer) => ParsedEvents }
  | { readonly kind: 'callback'; subscribe(listener: (event: JobEvent) => void): void };

/** The whole events at the beginning of some bytes, and how many of the bytes they take. */
export interface ParsedEvents {
  readonly events: readonly JobEvent[];
  readonly consumed: number;
}

/** What happened to a job. Events may be late, missing or doubled. */
export type JobEvent = { readonly jobId: string } & (
  | { readonly kind: 'queued' }
  | { readonly kind: 'running'; readonly host?: string | undefined }
  | {
      readonly kind: 'held';
      readonly reason: string;
      readonly code?: number | undefined;
      readonly subCode?: number | undefined;
    }
  | { readonly kind: 'removed'; readonly reason: string }
  /** The job has left the queue by itself; its process ended with a code or by a signal. */
  | { readonly kind: 'ended'; readonly exitCode?: number | undefined; readonly signal?: number | undefined }
);
