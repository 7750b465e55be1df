import { deserialize } from 'node:v8';
import { DirectoryError, PayloadError, SubmitError } from '../../base/errors.ts';
import type { BatchSystem } from '../../batch/batch-system.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import { deliveredIn } from '../../delivery/deliver.ts';
import type { Future } from '../../futures/future.ts';
import { mergeJobOptions } from '../../futures/job-options.ts';
import { positionsOf, repairArchive, type Settled } from '../../job-set/archive.ts';
import { Claim } from '../../job-set/claim.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { replayJournal, readJournal } from '../../job-set/journal.ts';
import { decodeOutcome } from '../../payload/call.ts';
import { decodeThrown, type EncodedThrown } from '../../payload/thrown-values.ts';
import type { Call, CallParts } from '../calls/call.ts';
import { itemFutures } from '../calls/item-futures.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import type { LiveJobSet } from '../live-job-set.ts';
import { findDependencies } from '../dependencies/dependencies.ts';
import { settle, takeResults } from '../track/results.ts';
import { checkHeader } from './check-header.ts';
import { recoverCalls, type Recovered, type RecoveredCall } from './recovery.ts';

/** What the executor that attaches does. */
export interface AttachHost {
  /** @param lastSubmission after which its own are numbered */
  work(jobSet: JobSet, claim: Claim, lastSubmission: number): Promise<LiveJobSet>;
  addCall(parts: Omit<CallParts, 'host'>): Call;
  submit(call: Call): void;
  removeJob(jobId: string): void;
}

/**
 * Goes on with the calls of a job set where the process that made it was ended, at whatever instant.
 * @returns the futures of all calls, in their order
 * @throws {DirectoryError} {@link JobSetInUseError} {@link OwnershipError} {@link CommandError}
 */
export async function attachCalls(
  id: string,
  takeOver: boolean,
  system: BatchSystem,
  options: ResolvedOptions,
  host: AttachHost,
): Promise<Future<unknown>[]> {
  // Those that are done are nobody else's.
  const futures = new Map<Call, Future<unknown>>();
  const keeping: AttachHost = {
    ...host,
    addCall: (parts) => {
      const call = host.addCall(parts);
      futures.set(call, call.future);
      return call;
    },
  };
  const jobSet = await JobSet.open(options.directory, id, options.filesystem === 'transfer');
  await checkHeader(jobSet, system);
  Object.assign(jobSet, deliveredIn(await jobSet.readHeader()));
  const claim = await Claim.take(jobSet.directory, takeOver);
  try {
    const journaled = replayJournal(await readJournal(jobSet.directory));
    if (journaled.closed) {
      const { directory } = jobSet;
      const message = `The job set ${directory} was shut down: all of its calls are done, and only files that were to be kept are there`;
      throw new DirectoryError(message, directory);
    }
    const archive = await repairArchive(jobSet.directory);
    const recovered = await recoverCalls(jobSet, system, journaled, archive);
    const calls = await restoreCalls(jobSet, recovered.calls, archive, options, keeping);
    for (const { index, job } of recovered.calls) {
      const call = calls.get(index);
      if (call?.done === false) call.dependencies = findDependencies(job.needs ?? [], calls, futures);
    }
    const lastSubmission = largest(journaled.submissions.map(({ submission }) => submission));
    const open = await host.work(jobSet, claim, lastSubmission);
    goOn(open, calls, recovered, host);
    return futuresOf(calls, futures);
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** In the order of the calls. */
function futuresOf(
  calls: ReadonlyMap<number, Call>,
  futures: ReadonlyMap<Call, Future<unknown>>,
): Future<unknown>[] {
  return [...calls.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, call]) => {
      const future = futures.get(call) as Future<unknown>;
      return call.items === 0 ? [future] : itemFutures(call, future);
    });
}

/** The calls that are known, by index; those that were done are done again. */
async function restoreCalls(
  jobSet: JobSet,
  recovered: readonly RecoveredCall[],
  archive: readonly Settled[],
  options: ResolvedOptions,
  host: AttachHost,
): Promise<Map<number, Call>> {
  const calls = new Map<number, Call>();
  for (const found of recovered) {
    const call = host.addCall({
      index: found.index,
      fn: undefined,
      payload: undefined,
      payloadHash: found.job.hash,
      options: mergeJobOptions(options.policies, {
        submit: optionsOfJob(found.submission, found.position),
      }),
      items: found.job.items,
    });
    call.attempts = found.attempt;
    call.growths = found.job.growths;
    call.jobSet = jobSet;
    call.jobId = found.submission.ids?.[found.position];
    calls.set(found.index, call);
    if (found.state === 'settled') await restore(call, found.settled, options);
  }
  // They were done before they were submitted.
  for (const settled of archive) {
    if (calls.has(settled.call)) continue;
    const call = addUnsent(settled.call, host);
    calls.set(settled.call, call);
    await restore(call, settled, options);
  }
  for (const [{ call, kind }, at] of positionsOf(archive))
    if (kind === 'outcome') (calls.get(call) as Call).archivedAt = at;
  const lastCall = largest(calls.keys());
  // That they were cancelled was not written down any more.
  for (let index = 1; index < lastCall; index += 1) {
    if (calls.has(index)) continue;
    const call = addUnsent(index, host);
    calls.set(index, call);
    call.future.cancel();
  }
  return calls;
}

/** 0 if there are none. They may be more than a function takes arguments. */
function largest(numbers: Iterable<number>): number {
  let found = 0;
  for (const number of numbers) found = Math.max(found, number);
  return found;
}

function addUnsent(index: number, host: AttachHost): Call {
  return host.addCall({
    index,
    fn: undefined,
    payload: undefined,
    payloadHash: '',
    options: {},
    items: 0,
  });
}

/** In one turn: before its end the watch tells nothing, and nothing is submitted. */
function goOn(
  open: LiveJobSet,
  calls: ReadonlyMap<number, Call>,
  { calls: found, abandoned }: Recovered,
  host: AttachHost,
): void {
  for (const one of found) resume(open, calls.get(one.index) as Call, one, host);
  for (const jobId of abandoned) host.removeJob(jobId);
  // The log may have been lost meanwhile.
  open.tracker.ask();
}

/** Takes up a call that is not done. */
function resume({ tracker, files }: LiveJobSet, call: Call, found: RecoveredCall, host: AttachHost): void {
  if (found.state === 'settled') {
    if (found.settled.kind === 'failed' && files.keeps(true)) files.keepJobSet();
    return;
  }
  const { batch, offset, length, travels } = found.job;
  call.input = { batch, offset, length, travels };
  files.useInputs(batch);
  // What is missing there its job tells.
  if (found.state !== 'waiting') files.results.use(call).catch(() => {});
  switch (found.state) {
    case 'submitted':
      return tracker.track(call, found.jobId, found.submission.submission);
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

/** Settles a future as it was settled before. What cannot be read any more fails its call alone. */
async function restore(call: Call, settled: Settled, options: ResolvedOptions): Promise<void> {
  call.hasOutcome = true;
  try {
    await restoreFrom(call, settled, options);
  } catch (cause) {
    const message = `What came of the call was in the archive, and cannot be read: ${(cause as Error).message}`;
    call.controller.reject(new PayloadError(message, { cause }));
  }
}

async function restoreFrom(
  call: Call,
  { kind, bytes }: Settled,
  { otherNode }: ResolvedOptions,
): Promise<void> {
  if (kind === 'cancelled') call.future.cancel();
  else if (kind === 'failed') {
    const thrown = deserialize(bytes) as EncodedThrown;
    call.controller.reject(await decodeThrown(thrown, `condor-futures call ${call.index}`));
  } else {
    const outcome = decodeOutcome(bytes);
    if (outcome === undefined) throw new PayloadError('it is torn');
    settle(call, await takeResults(call, outcome, otherNode));
  }
}
