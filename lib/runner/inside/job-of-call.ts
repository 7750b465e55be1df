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

/** Job attributes that name the signals by which HTCondor ends the job. */
const SIGNAL_ATTRIBUTES = ['KillSig', 'RemoveKillSig', 'HoldKillSig'] as const;

/** The job of a call. Its properties are read when the call asks for them. */
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
    // HTCondor counts the starts before this one.
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
    return this.#termination?.error?.deadline;
  }

  get signal(): AbortSignal {
    return this.termination.signal;
  }

  /** Created on first use: without it, signals end the process as usual. */
  get termination(): Termination {
    this.#termination ??= new Termination({
      signals: this.#signals(),
      vacateTime: this.vacateTime,
      onSignal: () => (this.#call.writer.leaving = true),
    });
    return this.#termination;
  }

  get isLeaving(): boolean {
    return this.#termination?.error !== undefined;
  }

  /** The call has returned or thrown. */
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
    this.#report.update(fraction, text);
  }

  /**
   * A local job has no ads: it may have inherited the variables of an HTCondor job in which its program runs.
   */
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
    const named = SIGNAL_ATTRIBUTES.map((name) => String(ad[name])).filter((name) =>
      Object.hasOwn(constants.signals, name),
    );
    // A process cannot handle these two.
    const handled = named.filter((name) => name !== 'SIGKILL' && name !== 'SIGSTOP');
    return [...new Set(['SIGTERM', ...handled])] as NodeJS.Signals[];
  }
}

/** HTCondor gives each job a scratch directory; elsewhere one is made when the call asks for it. */
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

  /** Deletes the directory if it was made here. Never throws. */
  end(): void {
    process.off('exit', this.#onExit);
    if (this.#made === undefined) return;
    try {
      rmSync(this.#made, { recursive: true, force: true });
    } catch {
      // The directory for temporary files is cleaned by the system.
    }
  }

  readonly #onExit = (): void => this.end();
}
