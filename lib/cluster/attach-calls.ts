import { deserialize } from 'node:v8';
import type { BatchSystem } from '../batch/batch-system.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import { DirectoryError, PayloadError, SubmitError } from '../errors.ts';
import type { Future } from '../future.ts';
import { readArchive, type Settled } from '../job-set/archive.ts';
import { Claim } from '../job-set/claim.ts';
import { JobSet } from '../job-set/job-set.ts';
import { readJournal } from '../job-set/journal.ts';
import { mergeJobOptions } from '../job-options.ts';
import { decodeOutcome } from '../payload/call.ts';
import { decodeThrown, type EncodedThrown } from '../payload/thrown.ts';
import type { Call, CallParts } from './call.ts';
import { itemFutures } from './item-futures.ts';
import { readCalls, type Journaled } from './journaled-calls.ts';
import type { OpenJobSet } from './open-job-set.ts';
import { recoverCalls, type RecoveredCall } from './recovery.ts';
import { settle, takeResults } from './results.ts';

/** What the executor that attaches does. */
export interface AttachHost {
  work(jobSet: JobSet, claim: Claim): Promise<OpenJobSet>;
  addCall(parts: Omit<CallParts, 'onCancel'>): Call;
  submit(call: Call): void;
}

/** A job set that is looked after again. */
export interface Attached {
  readonly open: OpenJobSet;
  /** Of all calls, in their order. */
  readonly futures: readonly Future<unknown>[];
  readonly lastCall: number;
  readonly lastSubmission: number;
}

/**
 * Goes on with the calls of a job set where the process that made it was ended, at whatever instant.
 * @throws {DirectoryError} {@link JobSetInUseError} {@link OwnershipError} {@link CommandError}
 */
export async function attachCalls(
  id: string,
  takeOver: boolean,
  system: BatchSystem,
  options: ResolvedOptions,
  host: AttachHost,
): Promise<Attached> {
  const jobSet = await JobSet.open(options.directory, id);
  await checkHeader(jobSet, system);
  const claim = await Claim.take(jobSet.directory, takeOver);
  try {
    const journaled = readCalls(await readJournal(jobSet.directory));
    if (journaled.closed) {
      const { directory } = jobSet;
      const message = `The job set ${directory} was shut down: all of its calls are done, and only files that were to be kept are there`;
      throw new DirectoryError(message, directory);
    }
    const archive = await readArchive(jobSet.directory);
    const recovered = await recoverCalls(jobSet, system, journaled, archive);
    const open = await host.work(jobSet, claim);
    return await goOn(open, journaled, recovered, options, host);
  } catch (error) {
    await claim.release();
    throw error;
  }
}

async function checkHeader(jobSet: JobSet, system: BatchSystem): Promise<void> {
  const { system: made } = await jobSet.readHeader();
  if (made === system.name) return;
  throw new DirectoryError(
    `The jobs of ${jobSet.directory} are those of ${String(made)}, not of ${system.name}. Remedy: attach with the executor that submitted them`,
    jobSet.directory,
  );
}

async function goOn(
  open: OpenJobSet,
  { submissions }: Journaled,
  recovered: readonly RecoveredCall[],
  options: ResolvedOptions,
  host: AttachHost,
): Promise<Attached> {
  const calls = new Map<number, Call>();
  for (const found of recovered) {
    const call = host.addCall({
      index: found.index,
      fn: undefined,
      payload: undefined,
      payloadHash: found.job.hash,
      options: mergeJobOptions(options.policies, { submit: found.submission.submit }),
      items: found.job.items,
    });
    call.attempts = found.attempt;
    call.jobSet = open.jobSet;
    call.jobId = found.submission.ids?.[found.position];
    calls.set(found.index, call);
    resume(open, call, found, host);
  }
  for (const found of recovered) {
    if (found.state !== 'settled') continue;
    if (found.settled.kind === 'failed' && open.files.keeps(true)) open.files.keepSet();
    await restore(calls.get(found.index) as Call, found.settled, options);
  }
  const lastCall = Math.max(0, ...calls.keys());
  // They were cancelled before they were submitted.
  for (let index = 1; index < lastCall; index += 1) {
    if (!calls.has(index)) calls.set(index, addCancelled(index, host));
  }
  // The log may have been lost meanwhile.
  open.tracker.ask();
  const futures = [...calls.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, call]) => (call.items === 0 ? [call.future] : itemFutures(call)));
  const lastSubmission = Math.max(0, ...submissions.map(({ submission }) => submission));
  return { open, futures, lastCall, lastSubmission };
}

function addCancelled(index: number, host: AttachHost): Call {
  const call = host.addCall({
    index,
    fn: undefined,
    payload: undefined,
    payloadHash: '',
    options: {},
    items: 0,
  });
  call.future.cancel();
  return call;
}

/** Takes up a call that is not done. */
function resume({ tracker, files }: OpenJobSet, call: Call, found: RecoveredCall, host: AttachHost): void {
  if (found.state === 'settled') return;
  const { batch, offset, length } = found.job;
  call.input = { batch, offset, length };
  files.useInputs(batch);
  switch (found.state) {
    case 'submitted':
      return tracker.track(call, found.jobId);
    case 'begun':
      return tracker.trackLost(call);
    case 'refused': {
      const failure = { command: 'condor_submit', exitCode: null, stderr: '' };
      return call.controller.reject(new SubmitError(found.error, failure));
    }
    case 'waiting':
      return host.submit(call);
  }
}

/** Settles a future as it was settled before. */
async function restore(call: Call, { kind, bytes }: Settled, { otherNode }: ResolvedOptions): Promise<void> {
  call.hasOutcome = true;
  if (kind === 'cancelled') call.future.cancel();
  else if (kind === 'failed') {
    const thrown = deserialize(bytes) as EncodedThrown;
    call.controller.reject(await decodeThrown(thrown, `condor-futures call ${call.index}`));
  } else {
    const outcome = decodeOutcome(bytes);
    if (outcome === undefined) call.controller.reject(new PayloadError('The outcome in the archive is torn'));
    else settle(call, await takeResults(call, outcome, otherNode));
  }
}
