import type { JobBatch, JobEvent } from '../batch-system.ts';
import { optionsOfJob, type SubmitOptions } from '../submit-options.ts';

/** DAGMan keeps as long for the jobs of a workflow (DAGMAN_HOLD_CLAIM_TIME). */
const KEPT_FOR_MS = 20_000;
const MOST_KEPT = 4;

/** No timer waits for more than 24 days. */
const LONGEST_MS = 86_400_000;

/** A program that asks for one thing and another in turn has a use for claims of both kinds. */
const OTHERS_MS = 1000;

/** The schedd counts in whole seconds. */
const ROUNDING_MS = 1500;

export interface KeptClaimsOptions {
  /**
   * How many jobs at once ask HTCondor to keep their claims on slots when they end, so that the next calls begin without waiting for a
   * negotiation cycle. A claim that is kept is nobody else's meanwhile, and is charged to you. 0: none. A `keep_claim_idle` in `submit` is
   * taken instead.
   * @default 4
   */
  readonly keepClaims?: number | undefined;
  /**
   * How long they are kept, in milliseconds; whole seconds for HTCondor. They are given back before that at `shutdown`, and when calls ask
   * for another kind of slot. A day at the most.
   * @default 20000
   */
  readonly keepClaimsFor?: number | undefined;
}

/** What is to be done with HTCondor. */
export interface ClaimTools {
  submit(description: string): Promise<unknown>;
  /** Has the schedd look at its claims. */
  reschedule(): Promise<unknown>;
}

/** Events of a job that stays where it is. */
const LEAVES_SLOT_ALONE: readonly JobEvent['kind'][] = ['measured', 'suspended', 'continued', 'transferring'];

interface Claim {
  /** What its jobs ask for. */
  readonly commands: SubmitOptions;
  /** By Date.now(); Infinity while a job runs on it. */
  until: number;
}

/** The claims that the schedd keeps, after the jobs of one executor, for those to come: as far as the job event log tells of them. */
export class KeptClaims {
  readonly #most: number;
  readonly #time: number;
  readonly #tools: ClaimTools;
  /** Jobs that asked for it and have not ended. */
  readonly #keepers = new Map<string, SubmitOptions>();
  /** By job, while it runs. */
  readonly #slots = new Map<string, string>();
  /** By slot. */
  readonly #claims = new Map<string, Claim>();
  /** What the last batch has asked for. */
  #latest: SubmitOptions = {};
  /** Commands that nobody waits for but the end. */
  readonly #underWay = new Set<Promise<unknown>>();
  /** Until the time of the last claim is over. */
  #timer: NodeJS.Timeout | undefined;
  /** Until claims of another kind than the last batch's are looked at. */
  #othersTimer: NodeJS.Timeout | undefined;

  constructor({ keepClaims = MOST_KEPT, keepClaimsFor = KEPT_FOR_MS }: KeptClaimsOptions, tools: ClaimTools) {
    this.#most = keepClaimsFor === 0 ? 0 : keepClaims;
    this.#time = Math.min(keepClaimsFor, LONGEST_MS);
    this.#tools = tools;
  }

  /**
   * Submits a batch with the submit commands that have some of its claims kept. Those kept for jobs of another kind are given back, for
   * they would stand in the way of these.
   * @param submit hands over the batch; resolves to the ids of its jobs
   */
  async during(batch: JobBatch, submit: (commands: SubmitOptions) => Promise<string[]>): Promise<string[]> {
    const claim = claimCommands(optionsOfJob(batch, 0));
    const keeping = jobsThatKeep(batch, this.#most);
    this.#latest = claim;
    this.#lookAtOthers();
    const ids = await submit(keepCommand(keeping, batch.jobs.length, this.#time));
    for (const id of ids.slice(0, keeping)) this.#keepers.set(id, claim);
    return ids;
  }

  onEvent(event: JobEvent): void {
    const { jobId, kind } = event;
    if (LEAVES_SLOT_ALONE.includes(kind)) return;
    const slot = this.#slots.get(jobId);
    if (kind === 'running') {
      if (event.slot === undefined) return;
      this.#slots.set(jobId, event.slot);
      const claim = this.#claims.get(event.slot);
      if (claim !== undefined) claim.until = Infinity;
      return;
    }
    this.#slots.delete(jobId);
    if (kind === 'ended' || kind === 'removed') this.#onEnd(jobId, slot);
    // A job that has to leave its slot leaves the claim.
    else if (slot !== undefined) this.#claims.delete(slot);
  }

  /** Gives back what is kept. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#othersTimer);
    await this.#release(() => true);
    await Promise.all(this.#underWay);
  }

  #start(command: Promise<unknown>): void {
    const ended = command.catch(ignore).finally(() => this.#underWay.delete(ended));
    this.#underWay.add(ended);
  }

  #onEnd(jobId: string, slot: string | undefined): void {
    const commands = this.#keepers.get(jobId) ?? this.#claims.get(slot ?? '')?.commands;
    this.#keepers.delete(jobId);
    if (slot === undefined || commands === undefined) return;
    this.#claims.set(slot, { commands, until: Date.now() + this.#time });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTime(), this.#time + ROUNDING_MS).unref();
    this.#lookAtOthers();
  }

  /** Gives back, soon, the claims that the last batch has no use for. */
  #lookAtOthers(): void {
    const isIdleOther = ({ commands, until }: Claim): boolean =>
      until !== Infinity && !isSame(commands, this.#latest);
    if (this.#othersTimer !== undefined || ![...this.#claims.values()].some(isIdleOther)) return;
    this.#othersTimer = setTimeout(() => {
      this.#othersTimer = undefined;
      const idleSince = Date.now() - OTHERS_MS;
      this.#start(this.#release((claim) => isIdleOther(claim) && claim.until - this.#time <= idleSince));
      this.#lookAtOthers();
    }, OTHERS_MS).unref();
  }

  /** The schedd looks whether the time of a claim is over only when it has something to do, or after SCHEDD_INTERVAL, five minutes. */
  #onTime(): void {
    const over = [...this.#claims].filter(([, { until }]) => until <= Date.now());
    for (const [slot] of over) this.#claims.delete(slot);
    if (over.length > 0) this.#start(this.#tools.reschedule());
  }

  async #release(isUnwanted: (claim: Claim) => boolean): Promise<void> {
    const groups = new Map<SubmitOptions, string[]>();
    for (const [slot, claim] of this.#claims) {
      if (claim.until === Infinity || !isUnwanted(claim)) continue;
      this.#claims.delete(slot);
      const same = [...groups.keys()].find((commands) => isSame(commands, claim.commands));
      groups.set(same ?? claim.commands, [...(groups.get(same ?? claim.commands) ?? []), slot]);
    }
    for (const [commands, slots] of groups) {
      // At the worst they are kept until their time is over.
      await this.#tools.submit(releaseDescription(slots, commands)).catch(ignore);
    }
  }
}

function isSame(a: SubmitOptions, b: SubmitOptions): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function ignore(): void {}

const OF_CLAIM = /^(request_.*|requirements|accounting_group(_user)?|nice_user|\+.*|my\..*)$/i;
const OWN = /^(keep_claim_idle|\+keepclaimidle|my\.keepclaimidle)$/i;

/**
 * How many jobs of a batch ask the schedd to keep their claims: few, since what is kept is idle and nobody else's, and fewer while other
 * jobs of the executor are about: the first that ask for the same slot. None if the user says it otherwise.
 */
export function jobsThatKeep(batch: JobBatch, most: number): number {
  const { jobs, busy = 0, outlivesCalls } = batch;
  const ofFirst = optionsOfJob(batch, 0);
  // A job that waits for calls by itself keeps its slot as long as that is of use.
  if (outlivesCalls === true || Object.keys(ofFirst).some((name) => OWN.test(name))) return 0;
  const limit = Math.min(jobs.length, Math.max(0, most - busy));
  const claim = JSON.stringify(claimCommands(ofFirst));
  let keeping = 0;
  while (keeping < limit && JSON.stringify(claimCommands(optionsOfJob(batch, keeping))) === claim)
    keeping += 1;
  return keeping;
}

/**
 * The submit command for that: the first of a batch, for the schedd copies the time to a claim when a job starts there by itself, not when
 * it follows another one.
 */
export function keepCommand(keeping: number, jobs: number, milliseconds: number): SubmitOptions {
  const seconds = Math.ceil(milliseconds / 1000);
  if (keeping === 0) return {};
  return {
    keep_claim_idle: keeping === jobs ? seconds : `ifThenElse(ProcId < ${keeping}, ${seconds}, 0)`,
  };
}

/** What of the submit commands says which jobs a claim is good for: other commands make no other claim. */
export function claimCommands(submit: SubmitOptions): SubmitOptions {
  return Object.fromEntries(
    Object.entries(submit)
      .filter(([name]) => OF_CLAIM.test(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/**
 * Jobs that do nothing, and keep nothing, on claims that are kept: a claim goes with its last job, and there is no command that would give it
 * back. They can start nowhere else, and leave the queue by themselves if the claims are gone.
 * @param slots by their names in the event log
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
