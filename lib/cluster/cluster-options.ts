import { dirname, extname, join, resolve } from 'node:path';
import { checkChoice, checkNumber, checkOptions, type OptionTable, showValue } from '../base/checks.ts';
import { mergeSubmitOptions, type SubmitOptions } from '../batch/submit-options.ts';
import { chooseDelivery, type ChosenDelivery, type Delivery } from '../delivery/methods.ts';
import { checkPolicies, type JobPolicies, POLICY_TABLE } from '../futures/job-options.ts';
import { variableProblem } from '../job-set/job-script.ts';
import { type CaptureOptions, checkCaptureOptions } from '../payload/capture/capture-options.ts';
import type { OtherNode } from '../payload/format.ts';
import { type ResolvedWorkers, resolveWorkers, type WorkerOptions } from '../workers/worker-options.ts';
import type { KeepFiles } from './job-files.ts';

/** Access of jobs to the job set's directory; see the option `filesystem`. */
export type Filesystem = 'shared' | 'transfer';

/** Options of all executors that run jobs. */
export interface ClusterOptions extends CaptureOptions, JobPolicies {
  /**
   * Directory for job sets, on the shared file system unless all jobs run on this machine. It is created if
   * missing.
   * @default '.condor-futures' in the current directory
   */
  readonly directory?: string | undefined;
  /**
   * Whether jobs can access `directory`. With `'transfer'`, for machines that share no file system with this
   * one, HTCondor's file transfer copies inputs to the job and its results back; the job's current directory
   * is its scratch directory. See docs/files.md.
   * @default 'shared'
   */
  readonly filesystem?: Filesystem | undefined;
  /** Submit commands for all jobs by their HTCondor names, such as `{ request_memory: '2GB' }`. */
  readonly submit?: SubmitOptions | undefined;
  /**
   * Environment of the jobs: names of variables to copy from this process, or values to set (`true` copies).
   * The values are stored in the job set, which only you can read, not in the batch system's queue.
   * @default nothing on HTCondor. Jobs of LocalExecutor also inherit the environment of this process
   */
  readonly environment?: readonly string[] | Readonly<Record<string, string | number | true>> | undefined;
  /**
   * Lines of POSIX shell that run in the job before node, such as `module load node`. Begin with `set -e` to
   * stop at the first error.
   */
  readonly setup?: readonly string[] | undefined;
  /**
   * The node binary on the execute machine: a path, or a name that is looked up in PATH there.
   * @default the binary that runs this program
   */
  readonly node?: string | undefined;
  /**
   * How node and the program reach the jobs; see docs/delivery.md. Not together with `node`.
   * @default 'shared': this program's binary, or `node`
   */
  readonly delivery?: Delivery | undefined;
  /** Command-line options of node in the jobs, such as `['--max-old-space-size=4096']`. */
  readonly execArgv?: readonly string[] | undefined;
  /**
   * Maximum number of jobs in the queue. Further calls wait in this process, in their order, with their
   * inputs on the disk.
   * @default Infinity
   */
  readonly maxInFlight?: number | undefined;
  /**
   * The calls whose files stay when they are done. Job sets without remaining files are deleted at shutdown.
   * @default 'failed'
   */
  readonly keepFiles?: KeepFiles | undefined;
  /**
   * Whether to leave the jobs of pending calls in the queue when the process ends by SIGINT, SIGTERM, SIGHUP
   * or `process.exit()`. Jobs of LocalExecutor end with the program in any case.
   * @default false: they are removed
   */
  readonly detachOnExit?: boolean | undefined;
  /**
   * How outcomes are noticed: by file events, or by listing the directory repeatedly. `auto` decides by the
   * type of the file system, because network file systems raise no events for files of other machines.
   * @default 'auto'
   */
  readonly watch?: 'auto' | 'events' | 'sweep' | undefined;
  /**
   * Longest time between two listings in milliseconds. The interval starts at 100 ms and grows while nothing
   * happens.
   * @default 2000
   */
  readonly sweepInterval?: number | undefined;
  /**
   * Time in milliseconds for which an outcome may stay invisible after its job has ended, before the call
   * fails.
   * @default 15000 where the directory is listed, 1000 with file events
   */
  readonly outcomeGrace?: number | undefined;
  /**
   * Whether to refuse functions that are sent between different major versions of Node, because their code
   * may behave differently, or only to warn.
   * @default 'refuse'
   */
  readonly otherNode?: OtherNode | undefined;
  /**
   * Jobs that stay and run many calls each, one after the other, for calls that are short compared to a job's
   * start. See docs/workers.md for the state that such calls share.
   * @default a job for each call
   */
  readonly workers?: WorkerOptions | undefined;
}

/** Options with all defaults that do not depend on the execute machine. */
export interface ResolvedOptions {
  readonly directory: string;
  readonly filesystem: Filesystem;
  /** Current directory of the program when it created the executor, and of its jobs. */
  readonly cwd: string;
  readonly submit: SubmitOptions;
  readonly environment: Readonly<Record<string, string>>;
  readonly setup: readonly string[];
  readonly node: string;
  /** Undefined if jobs only run `node`. */
  readonly delivery: ChosenDelivery | undefined;
  readonly execArgv: readonly string[];
  readonly maxInFlight: number;
  readonly keepFiles: KeepFiles;
  readonly detachOnExit: boolean;
  readonly watch: 'auto' | 'events' | 'sweep';
  readonly sweepInterval: number;
  readonly outcomeGrace: number | undefined;
  readonly capture: CaptureOptions;
  readonly otherNode: OtherNode;
  readonly policies: JobPolicies;
  readonly workers: ResolvedWorkers | undefined;
  /** The map's entry in the header of its job set, which stays until the map is removed. */
  readonly map?: MapHeader | undefined;
}

/** Description of a map in the header of its job set. */
export interface MapHeader {
  /** Hash of its function. */
  readonly function: string;
  /** Name of the function in errors and reports. */
  readonly name: string;
  /** Whether each input is a list of arguments. */
  readonly spread: boolean;
  /** Whether the program that created the map may retry failed components while it runs. */
  readonly supervised: boolean;
  /** Whether a held component stays until it is released, rather than counting as failed. */
  readonly waitsHeld: boolean;
  /** Number of values on each axis, for a map over a product. */
  readonly axes?: readonly number[] | undefined;
  /** Names of the modules that its jobs import first, for a program in any directory. */
  readonly preload?: readonly string[] | undefined;
  /** Whether modules of the program went by value with its function, as they then must with its inputs. */
  readonly sendsModules?: boolean | undefined;
  /** Hashes of everything besides the inputs that its outcomes depend on. */
  readonly contents?: MapContents | undefined;
}

/** Hashes that are the same in each run of a program. */
export interface MapContents {
  /** Hash of the function with its captured values. */
  readonly function: string;
  /** Hash of `environment`, `setup`, `execArgv`, `preload`, the current directory and the major version of Node. */
  readonly surroundings: string;
}

const TABLE: OptionTable = {
  directory: ['string'],
  submit: ['object'],
  filesystem: ['string'],
  environment: ['array of strings', 'object'],
  setup: ['array of strings'],
  node: ['string'],
  delivery: ['string', 'object'],
  execArgv: ['array of strings'],
  maxInFlight: ['number'],
  keepFiles: ['string'],
  detachOnExit: ['boolean'],
  watch: ['string'],
  sweepInterval: ['number'],
  outcomeGrace: ['number'],
  byValue: [],
  byReference: [],
  captureThis: ['string'],
  otherNode: ['string'],
  workers: ['object'],
  ...POLICY_TABLE,
};

/**
 * Checks options and fills in the defaults.
 * @param more options that only this executor has
 * @throws {TypeError} {@link RangeError} that name the option and its allowed values
 */
export function resolveOptions(
  executor: string,
  options: ClusterOptions,
  more: OptionTable,
): ResolvedOptions {
  checkOptions(executor, options, { ...TABLE, ...more });
  for (const name of ['directory', 'node'] as const) {
    if (options[name] === '')
      throw new TypeError(`Expected \`${name}\` of ${executor} to be a path, got an empty string`);
  }
  checkPolicies(options);
  const { keepFiles = 'failed', watch = 'auto', sweepInterval = 2000, outcomeGrace } = options;
  const { retries, onHold, releaseLimit, growMemory, timeLimit, preload } = options;
  return {
    directory: resolve(options.directory ?? '.condor-futures'),
    filesystem: checkFilesystem(executor, options),
    cwd: process.cwd(),
    submit: mergeSubmitOptions(options.submit),
    environment: resolveEnvironment(options.environment ?? []),
    setup: options.setup ?? [],
    node: options.node ?? process.execPath,
    delivery: chooseDelivery(executor, options.delivery, options.node),
    execArgv: options.execArgv ?? [],
    maxInFlight: checkNumber('maxInFlight', options.maxInFlight ?? Infinity, 1),
    keepFiles: checkChoice('keepFiles', keepFiles, ['failed', 'all', 'none']),
    detachOnExit: options.detachOnExit ?? false,
    watch: checkChoice('watch', watch, ['auto', 'events', 'sweep']),
    sweepInterval: checkNumber('sweepInterval', sweepInterval, 10, 'fraction'),
    outcomeGrace:
      outcomeGrace === undefined ? undefined : checkNumber('outcomeGrace', outcomeGrace, 0, 'fraction'),
    capture: captureOptions(options),
    otherNode: checkChoice('otherNode', options.otherNode ?? 'refuse', ['refuse', 'warn']),
    policies: { retries, onHold, releaseLimit, growMemory, timeLimit, preload },
    workers: resolveWorkers(options.workers),
  };
}

function captureOptions(options: ClusterOptions): CaptureOptions {
  const capture = checkCaptureOptions(options);
  // A bundler that emits CommonJS leaves no path, and has put the module into the program.
  const file = import.meta.filename as string | undefined;
  if (options.filesystem !== 'transfer' || file === undefined) return capture;
  // Module `condor-futures/job` travels with the calls, because the package is not installed there.
  const jobModule = join(dirname(file), `../job${extname(file)}`);
  return { ...capture, byValue: [...(capture.byValue ?? []), jobModule] };
}

function checkFilesystem(executor: string, { filesystem = 'shared', workers }: ClusterOptions): Filesystem {
  checkChoice('filesystem', filesystem, ['shared', 'transfer']);
  if (filesystem === 'transfer' && executor === 'LocalExecutor') {
    throw new TypeError(
      "LocalExecutor has no `filesystem: 'transfer'`: its jobs run on this machine, and see its files as they are",
    );
  }
  if (filesystem === 'transfer' && workers !== undefined) {
    throw new TypeError(
      "The option `workers` cannot be had with `filesystem: 'transfer'`: calls reach a worker through its inbox in the job set, which it does not see",
    );
  }
  return filesystem;
}

/** Leaves out variables that are to be copied but are not set, as the shell's `export` does. */
function resolveEnvironment(option: NonNullable<ClusterOptions['environment']>): Record<string, string> {
  const isList = (value: typeof option): value is readonly string[] => Array.isArray(value);
  const entries = isList(option) ? option.map((name) => [name, true] as const) : Object.entries(option);
  const environment: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new TypeError(
        `Expected the names in \`environment\` to be letters, digits and _, got \`${name}\``,
      );
    }
    if (value !== true && typeof value !== 'string' && typeof value !== 'number') {
      throw new TypeError(
        `Expected \`environment.${name}\` to be a string, a number or true, got ${showValue(value)}`,
      );
    }
    const text = value === true ? process.env[name] : String(value);
    if (text === undefined) continue;
    const trouble = variableProblem(name, text);
    if (trouble !== undefined) throw new TypeError(`The option \`environment.${name}\` ${trouble}`);
    environment[name] = text;
  }
  return environment;
}

/** Options of `attach`. */
export interface AttachOptions {
  /**
   * Whether to take the job set over from a process of another machine, which may still be alive. Make sure
   * that it is not: two processes with the same job set would delete each other's files.
   * @default false
   */
  readonly takeOver?: boolean | undefined;
}

/** @throws {TypeError} */
export function checkAttach<Options extends AttachOptions>(
  owner: string,
  id: string,
  options: Options,
): Options {
  if (typeof id !== 'string' || id === '' || /[/\\]|^\.+$/.test(id)) {
    throw new TypeError(`Expected \`id\` of ${owner} to be the \`id\` of an executor, got ${showValue(id)}`);
  }
  const { takeOver } = options;
  if (takeOver !== undefined && typeof takeOver !== 'boolean') {
    throw new TypeError(`Expected \`takeOver\` of ${owner} to be a boolean, got ${showValue(takeOver)}`);
  }
  return options;
}
