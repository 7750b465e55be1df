import type { SubmitOptions } from '../batch/submit-options.ts';

/** A delivery of any method, built in or registered: its name, or its name and options. */
export type AnyDelivery =
  string | { readonly method: string } | { readonly method: string; readonly [option: string]: unknown };

/** Input of a delivery method. */
export interface DeliveryContext {
  /** The user's options for the method, without its name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Absolute path of the directory of job sets. */
  readonly directory: string;
  /** Whether jobs see that directory, or only files that are transferred to them. */
  readonly filesystem: 'shared' | 'transfer';
  /** The batch system, such as `HTCondor` or `local`. */
  readonly system: string;
  /** The current directory of the program when it made the executor. */
  readonly cwd: string;
  /** The URL of the file that the program was started with; empty if there is none. */
  readonly main: string;
  /** The node binary that runs the program. */
  readonly node: string;
  /** The executor's options `execArgv` and `submit`. */
  readonly execArgv: readonly string[];
  readonly submit: SubmitOptions;
  /** Asks another method, so that this one can extend its answer. */
  ask(delivery: AnyDelivery): Promise<Delivered>;
}

/** Answer of a delivery method. */
export interface Delivered {
  /** The node binary on the execute side: a path, or a name for PATH there. */
  readonly node: string;
  /** Lines of POSIX shell that run in the job after the user's `setup`, just before node. */
  readonly setup?: readonly string[];
  /**
   * Submit commands. `requirements` is combined with the user's; any other that the user sets too is an
   * error.
   */
  readonly submit?: SubmitOptions;
  /**
   * Absolute paths of files to transfer to each job's scratch directory; only if `filesystem` is `transfer`.
   */
  readonly files?: readonly string[];
  /** Environment variables of the jobs; the user's values win. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Decides which node binary the jobs of a job set run; called once per job set, before its first job is
 * submitted.
 */
export type Deliver = (context: DeliveryContext) => Delivered | Promise<Delivered>;

/** A method that also checks its options when the executor is created. */
export interface CheckedDelivery {
  readonly deliver: Deliver;
  /**
   * @param executor such as `HTCondorExecutor`
   * @param check checks another delivery that is one of the options
   * @throws {TypeError} for invalid options
   */
  check?(
    options: Readonly<Record<string, unknown>>,
    executor: string,
    check: (delivery: AnyDelivery) => void,
  ): void;
}

export type DeliveryMethod = Deliver | CheckedDelivery;
