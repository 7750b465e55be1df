import { extname, join, resolve } from 'node:path';
import { checkChoice, checkNumber, checkOptions, type OptionTable, showValue } from '../base/checks.ts';
import { mergeSubmitOptions, type SubmitOptions } from '../batch/submit-options.ts';
import { chooseDelivery, type ChosenDelivery, type Delivery } from '../delivery/methods.ts';
import { checkPolicies, type JobPolicies, POLICY_TABLE } from '../futures/job-options.ts';
import { variableProblem } from '../job-set/job-script.ts';
import { type CaptureOptions, checkCaptureOptions } from '../payload/capture/capture-options.ts';
import type { OtherNode } from '../payload/format.ts';
import { type ResolvedWorkers, resolveWorkers, type WorkerOptions } from '../workers/worker-options.ts';
import type { KeepFiles } from './job-files.ts';

/** How jobs come by their calls, see the option. */
export type Filesystem = 'shared' | 'transfer';

/** Options of every executor that runs jobs over a job set. */
export interface ClusterOptions extends CaptureOptions, JobPolicies {
  /**
   * Where job sets are made: on the shared filesystem, unless all jobs run on this machine. It is made if need be.
   * @default '.condor-futures' in the current directory
   */
  readonly directory?: string | undefined;
  /**
   * Whether jobs see `directory`. With `'transfer'`, HTCondor's file transfer brings them what they need and takes back what comes of them: for
   * machines that do not share a filesystem with this one. A job's current directory is its scratch directory then: docs/files.md.
   * @default 'shared'
   */
  readonly filesystem?: Filesystem | undefined;
  /** Submit commands for all jobs, by their HTCondor names, such as `{ request_memory: '2GB' }`. */
  readonly submit?: SubmitOptions | undefined;
  /**
   * Environment of the jobs: names of variables to copy from here, or values to set (`true` copies). Only you can read the values: they
   * stand in the job set, not in the batch system's queue.
   * @default nothing on HTCondor; LocalExecutor's jobs have all of this process's environment besides
   */
  readonly environment?: readonly string[] | Readonly<Record<string, string | number | true>> | undefined;
  /** Lines of POSIX shell that run in the job before node, such as `module load node`. A first line `set -e` makes them strict. */
  readonly setup?: readonly string[] | undefined;
  /**
   * The node binary on the execute side: a path, or a name for PATH there.
   * @default the binary that runs this program
   */
  readonly node?: string | undefined;
  /**
   * How the jobs come by their node: docs/delivery.md. Not together with `node`.
   * @default 'shared': this program's binary, or `node`
   */
  readonly delivery?: Delivery | undefined;
  /** Options for that node, such as `['--max-old-space-size=4096']`. */
  readonly execArgv?: readonly string[] | undefined;
  /**
   * How many jobs there are in the queue at once, at the most; further calls wait in this process, in their order, with their inputs on
   * the disk.
   * @default Infinity
   */
  readonly maxInFlight?: number | undefined;
  /**
   * Whose files stay when a call is done. Job sets with nothing left in them are removed at shutdown.
   * @default 'failed'
   */
  readonly keepFiles?: KeepFiles | undefined;
  /**
   * Leave the jobs of pending calls in the queue when the process ends, whether by SIGINT, SIGTERM, SIGHUP or `process.exit()`.
   * Jobs of LocalExecutor end with the program all the same.
   * @default false: they are removed
   */
  readonly detachOnExit?: boolean | undefined;
  /**
   * How outcomes are noticed: by file events, or by listing the directory again and again. `auto` asks the filesystem's type:
   * network filesystems raise no events for what other machines write.
   * @default 'auto'
   */
  readonly watch?: 'auto' | 'events' | 'sweep' | undefined;
  /**
   * The longest time between two listings, in milliseconds; they begin at 100 ms and get rarer while nothing happens.
   * @default 2000
   */
  readonly sweepInterval?: number | undefined;
  /**
   * How long an outcome may stay invisible after its job has ended, in milliseconds, before the call fails.
   * @default 15000 where the directory is listed, 1000 where file events work
   */
  readonly outcomeGrace?: number | undefined;
  /**
   * What to do where jobs run another major version of Node than this program, and get functions from it: their code may mean
   * something else there.
   * @default 'refuse'
   */
  readonly otherNode?: OtherNode | undefined;
  /**
   * Jobs that stay and make many calls each, one after the other, for calls that are short beside a job's start: see docs/workers.md for
   * what such calls share.
   * @default a job for each call
   */
  readonly workers?: WorkerOptions | undefined;
}

/** The options with everything filled in that does not depend on the machine. */
export interface ResolvedOptions {
  readonly directory: string;
  readonly filesystem: Filesystem;
  /** Of the program when it made the executor, and so of its jobs. */
  readonly cwd: string;
  readonly submit: SubmitOptions;
  readonly environment: Readonly<Record<string, string>>;
  readonly setup: readonly string[];
  readonly node: string;
  /** Undefined if `node` is all there is to it. */
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
  /** Set for the job set of a map, which stays until it is removed: what its header says of it. */
  readonly map?: MapHeader | undefined;
}

/** What the header of a map's job set says of it. */
export interface MapHeader {
  /** The hash of its function. */
  readonly function: string;
  /** By what name errors and reports call it. */
  readonly name: string;
  /** Whether each input is a list of arguments. */
  readonly spread: boolean;
  /** Whether a failed component may be tried again by the program that made the map, as long as that runs. */
  readonly supervised: boolean;
  /** Whether a held component waits for somebody to release it, rather than being as good as failed. */
  readonly waitsHeld: boolean;
  /** Of a map that was made of a product: how many values each axis has. */
  readonly axes?: readonly number[] | undefined;
  /** What its outcomes depend on besides the inputs. */
  readonly contents?: MapContents | undefined;
}

/** By hashes that are the same in each run of a program. */
export interface MapContents {
  /** Of the function, with what it captures. */
  readonly function: string;
  /** Of what the jobs find around them: `environment`, `setup`, `execArgv`, the current directory, the major version of Node. */
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
 * @param more the options that one executor has besides
 * @throws {TypeError} {@link RangeError} naming the option and what it may be
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
  const { retries, onHold, releaseLimit, growMemory, timeLimit } = options;
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
    policies: { retries, onHold, releaseLimit, growMemory, timeLimit },
    workers: resolveWorkers(options.workers),
  };
}

/** What a call says to its job, by the functions of this module, has to be at hand where the package is not. */
const JOB_MODULE = join(import.meta.dirname, `../job${extname(import.meta.filename)}`);

function captureOptions(options: ClusterOptions): CaptureOptions {
  const given = checkCaptureOptions(options);
  if (options.filesystem !== 'transfer') return given;
  return { ...given, byValue: [...(given.byValue ?? []), JOB_MODULE] };
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

/** Names to copy that are not set here are left out, as a shell's `export` would. */
function resolveEnvironment(given: NonNullable<ClusterOptions['environment']>): Record<string, string> {
  const isList = (value: typeof given): value is readonly string[] => Array.isArray(value);
  const entries = isList(given) ? given.map((name) => [name, true] as const) : Object.entries(given);
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

/** How to attach to a job set. */
export interface AttachOptions {
  /**
   * Take the job set over from a process of another machine, of which cannot be told whether it lives. Two processes that look after one job
   * set would remove each other's files.
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
