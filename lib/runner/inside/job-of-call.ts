import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClassAd, parseClassAd, secondsOf } from '../../base/class-ad.ts';
import {
  KILL_AFTER_MS,
  LOCAL_JOB_VARIABLE,
  localJobId,
  parseJobKey,
  TAG_VARIABLE,
} from '../../job-set/names.ts';
import type { CurrentJob } from '../../job.ts';
import type { RunningCall } from '../outcome.ts';
import type { ProgressReport } from './progress-report.ts';
import { Termination } from './termination.ts';

/** By which signals a job's ClassAd wants to be told to end. */
const SIGNAL_ATTRIBUTES = ['KillSig', 'RemoveKillSig', 'HoldKillSig'] as const;

/** What a call can ask of its job, read when it does. */
export class JobOfCall implements CurrentJob {
  readonly attempt: number;
  readonly tag: string | undefined;
  readonly component: number | undefined;
  readonly #localId: string | undefined;
  readonly #call: RunningCall;
  readonly #report: ProgressReport;
  readonly #scratch: ScratchDirectory;
  #termination: Termination | undefined;
  #jobAd: ClassAd | undefined;
  #machineAd: ClassAd | undefined;

  constructor(call: RunningCall, report: ProgressReport, scratch: ScratchDirectory) {
    const { directory, key } = call.writer.place;
    const { call: index, attempt } = parseJobKey(key);
    this.attempt = attempt;
    this.tag = process.env[TAG_VARIABLE] || undefined;
    this.component = this.tag === undefined ? undefined : index - 1;
    this.#localId = localJobId(process.env[LOCAL_JOB_VARIABLE], directory);
    this.#call = call;
    this.#report = report;
    this.#scratch = scratch;
  }

  get jobId(): string | undefined {
    if (this.#localId !== undefined) return this.#localId;
    const { ClusterId: cluster, ProcId: proc } = this.jobAd() ?? {};
    return cluster === undefined ? undefined : `${cluster as number}.${proc as number}`;
  }

  get starts(): number | undefined {
    // HTCondor counts those before.
    const before = this.jobAd()?.['NumJobStarts'];
    return typeof before === 'number' ? before + 1 : undefined;
  }

  get scratchDirectory(): string {
    return this.#scratch.path;
  }

  get vacateTime(): number | undefined {
    if (this.#localId !== undefined) return KILL_AFTER_MS;
    const times = [this.jobAd()?.['JobMaxVacateTime'], this.machineAd()?.['MachineMaxVacateTime']]
      .map((time) => secondsOf(time))
      .filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times) * 1000;
  }

  get deadline(): Date | undefined {
    return this.#termination?.began?.deadline;
  }

  get signal(): AbortSignal {
    return this.termination.signal;
  }

  /** Made when it is asked for: a call that does not ends as any process does. */
  get termination(): Termination {
    this.#termination ??= new Termination({
      signals: this.#signals(),
      vacateTime: this.vacateTime,
      onBegin: () => (this.#call.writer.leaving = true),
    });
    return this.#termination;
  }

  get wasToldToEnd(): boolean {
    return this.#termination?.began !== undefined;
  }

  /** The call is over. */
  end(): void {
    this.#termination?.end();
  }

  jobAd(): ClassAd | undefined {
    return (this.#jobAd ??= this.#readAd('_CONDOR_JOB_AD'));
  }

  machineAd(): ClassAd | undefined {
    return (this.#machineAd ??= this.#readAd('_CONDOR_MACHINE_AD'));
  }

  progress(fraction: number, text?: string): void {
    this.#report.tell(fraction, text);
  }

  /** A local job may have inherited the variables of a job that its program runs in. */
  #readAd(variable: string): ClassAd | undefined {
    const file = process.env[variable];
    if (file === undefined || this.#localId !== undefined) return undefined;
    try {
      return parseClassAd(readFileSync(file, 'utf8'));
    } catch {
      return undefined;
    }
  }

  #signals(): NodeJS.Signals[] {
    const ad = this.jobAd() ?? {};
    const others = SIGNAL_ATTRIBUTES.map((name) => String(ad[name])).filter((name) =>
      Object.hasOwn(constants.signals, name),
    );
    // Nobody can listen for these.
    const able = others.filter((name) => name !== 'SIGKILL' && name !== 'SIGSTOP');
    return [...new Set(['SIGTERM', ...able])] as NodeJS.Signals[];
  }
}

/** HTCondor gives each job a directory of its own; elsewhere a call gets one when it asks. */
export class ScratchDirectory {
  readonly #jobSet: string;
  #made: string | undefined;

  /** @param jobSet the job set's directory */
  constructor(jobSet: string) {
    this.#jobSet = jobSet;
  }

  get path(): string {
    const given = process.env['_CONDOR_SCRATCH_DIR'];
    const isLocal = localJobId(process.env[LOCAL_JOB_VARIABLE], this.#jobSet) !== undefined;
    if (given !== undefined && !isLocal) return given;
    if (this.#made === undefined) {
      this.#made = mkdtempSync(join(tmpdir(), 'condor-futures-'));
      process.on('exit', this.#onExit);
    }
    return this.#made;
  }

  /** Removes what was made. Never throws. */
  end(): void {
    process.off('exit', this.#onExit);
    if (this.#made === undefined) return;
    try {
      rmSync(this.#made, { recursive: true, force: true });
    } catch {
      // Litter, in a directory for such.
    }
  }

  readonly #onExit = (): void => this.end();
}
