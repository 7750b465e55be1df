import type { JobBatch, SubmitOptions } from '../batch-system.ts';
import { optionsOfJob } from '../varied-options.ts';

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
