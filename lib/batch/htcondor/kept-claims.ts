import type { JobBatch, JobEvent } from '../batch-system.ts';
import { optionsOfJob, type SubmitOptions } from '../submit-options.ts';

/** Default of `keepClaimsFor`, as DAGMan's for the jobs of a workflow (DAGMAN_HOLD_CLAIM_TIME). */
const KEEP_MS = 20_000;
const MAX_KEPT = 4;

/** Upper limit of `keepClaimsFor`, one day; Node's timers cannot wait for more than 24 days. */
const MAX_KEEP_MS = 86_400_000;

/**
 * Claims of another kind than the last batch's are kept for this time, because programs often alternate
 * between two kinds of jobs.
 */
const OTHER_KIND_MS = 1000;

/** Added to timers, because the schedd counts in whole seconds. */
const ROUNDING_MS = 1500;

export interface KeptClaimsOptions {
  /**
   * Maximum number of jobs at once that ask HTCondor to keep their claims on slots when they end, so that the
   * next calls start without waiting for a negotiation cycle. Other users cannot use a kept claim, and its
   * time is charged to you. 0 keeps none. A `keep_claim_idle` in `submit` replaces this option.
   * @default 4
   */
  readonly keepClaims?: number | undefined;
  /**
   * How long claims are kept, in milliseconds, rounded up to whole seconds; one day at most. They are
   * released earlier at `shutdown`, and when calls ask for another kind of slot.
   * @default 20000
   */
  readonly keepClaimsFor?: number | undefined;
}

/** Commands that {@link KeptClaims} needs. */
export interface ClaimTools {
  submit(description: string): Promise<unknown>;
  /** Makes the schedd check its claims. */
  reschedule(): Promise<unknown>;
}

/** Events of a job that stays on its slot. */
const LEAVES_SLOT_ALONE: readonly JobEvent['kind'][] = ['measured', 'suspended', 'continued', 'transferring'];

interface Claim {
  /** Submit commands of its jobs that decide about the claim. */
  readonly commands: SubmitOptions;
  /** Time by Date.now() until which it is kept; Infinity while a job runs on it. */
  until: number;
}

/**
 * Claims that the schedd keeps after an executor's jobs for its next ones, as far as the job event log shows
 * them.
 */
export class KeptClaims {
  readonly #max: number;
  readonly #time: number;
  readonly #tools: ClaimTools;
  /**
   * Jobs that asked to keep their claims and have not ended, with the commands that decide about the claim.
   */
  readonly #keepingJobs = new Map<string, SubmitOptions>();
  /** Slot names of running jobs, by job id. */
  readonly #slotsByJob = new Map<string, string>();
  readonly #claimsBySlot = new Map<string, Claim>();
  /** Commands of the last batch that decide about its claims. */
  #lastCommands: SubmitOptions = {};
  /** Commands that only {@link close} awaits. */
  readonly #pendingCommands = new Set<Promise<unknown>>();
  /** Fires when the time of the last kept claim is over. */
  #timer: NodeJS.Timeout | undefined;
  /** Fires when claims of another kind than the last batch's are released. */
  #otherKindsTimer: NodeJS.Timeout | undefined;

  constructor({ keepClaims = MAX_KEPT, keepClaimsFor = KEEP_MS }: KeptClaimsOptions, tools: ClaimTools) {
    this.#max = keepClaimsFor === 0 ? 0 : keepClaims;
    this.#time = Math.min(keepClaimsFor, MAX_KEEP_MS);
    this.#tools = tools;
  }

  /**
   * Submits a batch with commands that keep some of its claims. Releases claims kept for jobs of another
   * kind, because they occupy slots that these jobs may need.
   * @param submit submits the batch with the given commands; resolves to the ids of its jobs
   */
  async during(batch: JobBatch, submit: (commands: SubmitOptions) => Promise<string[]>): Promise<string[]> {
    const claim = claimCommands(optionsOfJob(batch, 0));
    const keeping = jobsThatKeep(batch, this.#max);
    this.#lastCommands = claim;
    this.#scheduleOtherKinds();
    const ids = await submit(keepCommand(keeping, batch.jobs.length, this.#time));
    for (const id of ids.slice(0, keeping)) this.#keepingJobs.set(id, claim);
    return ids;
  }

  onEvent(event: JobEvent): void {
    const { jobId, kind } = event;
    if (LEAVES_SLOT_ALONE.includes(kind)) return;
    const slot = this.#slotsByJob.get(jobId);
    if (kind === 'running') {
      if (event.slot === undefined) return;
      this.#slotsByJob.set(jobId, event.slot);
      const claim = this.#claimsBySlot.get(event.slot);
      if (claim !== undefined) claim.until = Infinity;
      return;
    }
    this.#slotsByJob.delete(jobId);
    if (kind === 'ended' || kind === 'removed') this.#onEnd(jobId, slot);
    // A job that is evicted or held loses the claim.
    else if (slot !== undefined) this.#claimsBySlot.delete(slot);
  }

  /** Releases all kept claims. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#otherKindsTimer);
    await this.#release(() => true);
    await Promise.all(this.#pendingCommands);
  }

  #start(command: Promise<unknown>): void {
    const ended = command.catch(() => {}).finally(() => this.#pendingCommands.delete(ended));
    this.#pendingCommands.add(ended);
  }

  #onEnd(jobId: string, slot: string | undefined): void {
    const commands = this.#keepingJobs.get(jobId) ?? this.#claimsBySlot.get(slot ?? '')?.commands;
    this.#keepingJobs.delete(jobId);
    if (slot === undefined || commands === undefined) return;
    this.#claimsBySlot.set(slot, { commands, until: Date.now() + this.#time });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onExpired(), this.#time + ROUNDING_MS).unref();
    this.#scheduleOtherKinds();
  }

  /** Schedules the release of claims that the last batch cannot use. */
  #scheduleOtherKinds(): void {
    const isIdleOtherKind = ({ commands, until }: Claim): boolean =>
      until !== Infinity && !isSameKind(commands, this.#lastCommands);
    if (this.#otherKindsTimer !== undefined || ![...this.#claimsBySlot.values()].some(isIdleOtherKind))
      return;
    this.#otherKindsTimer = setTimeout(() => {
      this.#otherKindsTimer = undefined;
      const idleSince = Date.now() - OTHER_KIND_MS;
      this.#start(this.#release((claim) => isIdleOtherKind(claim) && claim.until - this.#time <= idleSince));
      this.#scheduleOtherKinds();
    }, OTHER_KIND_MS).unref();
  }

  /**
   * Makes the schedd check its claims, because by itself it does so only when it is busy, or after
   * SCHEDD_INTERVAL (five minutes).
   */
  #onExpired(): void {
    const expired = [...this.#claimsBySlot].filter(([, { until }]) => until <= Date.now());
    for (const [slot] of expired) this.#claimsBySlot.delete(slot);
    if (expired.length > 0) this.#start(this.#tools.reschedule());
  }

  async #release(isUnwanted: (claim: Claim) => boolean): Promise<void> {
    const groups = new Map<SubmitOptions, string[]>();
    for (const [slot, claim] of this.#claimsBySlot) {
      if (claim.until === Infinity || !isUnwanted(claim)) continue;
      this.#claimsBySlot.delete(slot);
      const same = [...groups.keys()].find((commands) => isSameKind(commands, claim.commands));
      groups.set(same ?? claim.commands, [...(groups.get(same ?? claim.commands) ?? []), slot]);
    }
    for (const [commands, slots] of groups) {
      // If this fails, the claims are kept until their time is over.
      await this.#tools.submit(releaseDescription(slots, commands)).catch(() => {});
    }
  }
}

function isSameKind(a: SubmitOptions, b: SubmitOptions): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Submit commands that decide which claims a job can use. */
const CLAIM_COMMAND = /^(request_.*|requirements|accounting_group(_user)?|nice_user|\+.*|my\..*)$/i;
const KEEP_COMMAND = /^(keep_claim_idle|\+keepclaimidle|my\.keepclaimidle)$/i;

/**
 * Number of jobs at the beginning of a batch that ask the schedd to keep their claims; they all ask for the
 * same kind of slot. Fewer while other jobs of the executor are in the queue, and none if the user sets
 * `keep_claim_idle`.
 */
export function jobsThatKeep(batch: JobBatch, most: number): number {
  const { jobs, busy = 0, outlivesCalls } = batch;
  const firstSubmit = optionsOfJob(batch, 0);
  // A worker keeps its slot itself as long as that is useful.
  if (outlivesCalls === true || Object.keys(firstSubmit).some((name) => KEEP_COMMAND.test(name))) return 0;
  const limit = Math.min(jobs.length, Math.max(0, most - busy));
  const claim = JSON.stringify(claimCommands(firstSubmit));
  let keeping = 0;
  while (keeping < limit && JSON.stringify(claimCommands(optionsOfJob(batch, keeping))) === claim)
    keeping += 1;
  return keeping;
}

/**
 * The submit command for that. It concerns the first jobs of a batch, because the schedd sets a claim's time
 * only when the first job starts on it, not when another one follows.
 */
export function keepCommand(keeping: number, jobs: number, milliseconds: number): SubmitOptions {
  const seconds = Math.ceil(milliseconds / 1000);
  if (keeping === 0) return {};
  return {
    keep_claim_idle: keeping === jobs ? seconds : `ifThenElse(ProcId < ${keeping}, ${seconds}, 0)`,
  };
}

/** The submit commands that decide which claims a job can use, sorted by name. */
export function claimCommands(submit: SubmitOptions): SubmitOptions {
  return Object.fromEntries(
    Object.entries(submit)
      .filter(([name]) => CLAIM_COMMAND.test(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/**
 * Submit description of empty jobs that run on kept claims and do not keep them: HTCondor has no command that
 * releases a claim, but it ends with its last job. The jobs can start nowhere else, and leave the queue by
 * themselves if the claims are gone.
 * @param slots names of the slots, as in the event log
 */
export function releaseDescription(slots: readonly string[], claim: SubmitOptions): string {
  const others = Object.entries(claim).filter(([name]) => name.toLowerCase() !== 'requirements');
  const names = slots.map((slot) => `"${slot}"`).join(', ');
  const commands: readonly (readonly [string, string | number | boolean])[] = [
    ['universe', 'vanilla'],
    ...others,
    ['batch_name', 'release of claims'],
    ['executable', '/bin/sh'],
    ['transfer_executable', 'false'],
    ['arguments', '"-c :"'],
    ['initialdir', '/'],
    ['should_transfer_files', 'IF_NEEDED'],
    ['when_to_transfer_output', 'ON_EXIT'],
    ['transfer_output_files', '""'],
    ['requirements', `member(TARGET.Name, { ${names} })`],
    ['periodic_remove', 'JobStatus != 2 && time() - QDate > 5'],
  ];
  return [...commands.map(([name, value]) => `${name} = ${value}`), `queue ${slots.length}`, ''].join('\n');
}
