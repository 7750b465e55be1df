import type { SubmitOptions } from '../batch/submit-options.ts';

/** A delivery of any method, built in or registered: its name, or its name and options. */
export type AnyDelivery =
  string | { readonly method: string } | { readonly method: string; readonly [option: string]: unknown };

/** What a method is told. */
export interface DeliveryContext {
  /** The user's options for the method, without its name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Where job sets are made: absolute. */
  readonly directory: string;
  /** Whether jobs see that directory, or have only what is brought to them. */
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
  /** What another method does about it, to build on. */
  ask(delivery: AnyDelivery): Promise<Delivered>;
}

/** What a method does about it. */
export interface Delivered {
  /** The node binary on the execute side: a path, or a name for PATH there. */
  readonly node: string;
  /** Lines of POSIX shell that run in the job after the user's `setup`, just before node. */
  readonly setup?: readonly string[];
  /** Submit commands. `requirements` holds beside the user's, any other is refused where the user has it too. */
  readonly submit?: SubmitOptions;
  /** Files of this machine that each job is to have in its scratch directory; only where `filesystem` is `transfer`. */
  readonly files?: readonly string[];
  /** Variables for the jobs; the user's win. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Says once for each job set, before its first job is submitted, how its jobs come by their node. */
export type Deliver = (context: DeliveryContext) => Delivered | Promise<Delivered>;

/** A method with a look at its options when the executor is made. */
export interface CheckedDelivery {
  readonly deliver: Deliver;
  /**
   * @param executor such as `HTCondorExecutor`
   * @param check looks likewise at another delivery that is among the options
   * @throws {TypeError} for options that make no sense
   */
  check?(
    options: Readonly<Record<string, unknown>>,
    executor: string,
    check: (delivery: AnyDelivery) => void,
  ): void;
}

export type DeliveryMethod = Deliver | CheckedDelivery;
