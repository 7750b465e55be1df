import { deserialize } from 'node:v8';
import { DirectoryError, PayloadError, SubmitError } from '../../base/errors.ts';
import { optionsOfJob } from '../../batch/submit-options.ts';
import { deliveredIn } from '../../delivery/deliver.ts';
import type { Future } from '../../futures/future.ts';
import { mergeJobOptions } from '../../futures/job-options.ts';
import { positionsOf, repairArchive, type Settled } from '../../job-set/archive.ts';
import { Claim } from '../../job-set/claim.ts';
import { JobSet } from '../../job-set/job-set.ts';
import { replayJournal, readJournal } from '../../job-set/journal.ts';
import { decodeOutcome } from '../../payload/call.ts';
import { decodeInBox, type EncodedThrown } from '../../payload/thrown-values.ts';
import type { Call } from '../calls/call.ts';
import type { Calls } from '../calls/calls.ts';
import { itemFutures } from '../calls/item-futures.ts';
import type { JobCommands } from '../calls/job-commands.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import type { ExecutorInternals, LiveJobSet } from '../live-job-set.ts';
import { findDependencies } from '../dependencies/dependencies.ts';
import type { Dependents } from '../dependencies/dependents.ts';
import { decodeResults, settle } from '../track/results.ts';
import { checkHeader } from './check-header.ts';
import { recoverCalls, type RecoveredCall } from './recovery.ts';

/**
 * Continues the calls of a job set whose process has ended at any point.
 * @returns the futures of all calls, in their order
 * @throws {DirectoryError} {@link JobSetInUseError} {@link OwnershipError} {@link CommandError}
 */
export async function attachCalls(
  id: string,
  takeOver: boolean,
  executor: ExecutorInternals,
  dependents: Dependents,
  commands: JobCommands,
): Promise<Future<unknown>[]> {
  const { system, options, submissions, own } = executor;
  // A call that is done does not keep its future.
  const futures = new Map<Call, Future<unknown>>();
  const addCall: AddCall = (content) => {
    const call = executor.add(executor.calls.restore(content));
    futures.set(call, call.future);
    return call;
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
    const calls = await restoreCalls(jobSet, recovered.calls, archive, options, addCall);
    for (const { index, job } of recovered.calls) {
      const call = calls.get(index);
      if (call?.done === false) call.dependencies = findDependencies(job.needs ?? [], calls, futures);
    }
    const lastSubmission = largest(journaled.submissions.map(({ submission }) => submission));
    submissions.startAfter(lastSubmission);
    const open = await own.takeUp(jobSet, claim);
    for (const one of recovered.calls) resume(open, calls.get(one.index) as Call, one, dependents);
    for (const jobId of recovered.abandoned) commands.remove(jobId, id);
    // Events may have been lost meanwhile.
    open.tracker.poll();
    return listFutures(calls, futures);
  } catch (error) {
    await claim.release();
    throw error;
  }
}

/** The futures of all calls and chunk items, in the order of the calls. */
function listFutures(
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

type AddCall = (content: Parameters<Calls['restore']>[0]) => Call;

/** Creates all calls of the job set, by index, and settles those that were done. */
async function restoreCalls(
  jobSet: JobSet,
  recovered: readonly RecoveredCall[],
  archive: readonly Settled[],
  options: ResolvedOptions,
  addCall: AddCall,
): Promise<Map<number, Call>> {
  const calls = new Map<number, Call>();
  for (const found of recovered) {
    const call = addCall({
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
    if (found.state === 'settled') await settleFromArchive(call, found.settled, options);
  }
  // Calls that were done before they were submitted.
  for (const settled of archive) {
    if (calls.has(settled.call)) continue;
    const call = addUnsubmitted(settled.call, addCall);
    calls.set(settled.call, call);
    await settleFromArchive(call, settled, options);
  }
  for (const [{ call, kind }, at] of positionsOf(archive))
    if (kind === 'outcome') (calls.get(call) as Call).archivedAt = at;
  const lastCall = largest(calls.keys());
  // Calls that are missing were cancelled just before the process ended.
  for (let index = 1; index < lastCall; index += 1) {
    if (calls.has(index)) continue;
    const call = addUnsubmitted(index, addCall);
    calls.set(index, call);
    call.future.cancel();
  }
  return calls;
}

/** The largest number, or 0. A loop, because there may be more numbers than a function takes arguments. */
function largest(numbers: Iterable<number>): number {
  let found = 0;
  for (const number of numbers) found = Math.max(found, number);
  return found;
}

function addUnsubmitted(index: number, addCall: AddCall): Call {
  return addCall({
    index,
    fn: undefined,
    payload: undefined,
    payloadHash: '',
    options: {},
    items: 0,
  });
}

/**
 * Resumes one call. All are resumed in one turn of the event loop, before the watch reports anything and calls
 * are submitted.
 */
function resume(
  { tracker, files }: LiveJobSet,
  call: Call,
  found: RecoveredCall,
  dependents: Dependents,
): void {
  if (found.state === 'settled') {
    if (found.settled.kind === 'failed' && files.keeps(true)) files.keepJobSet();
    return;
  }
  const { batch, offset, length, travels } = found.job;
  call.input = { batch, offset, length, travels };
  files.useInputs(batch);
  // If a result is missing, the job reports it.
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
      return dependents.add(call);
  }
}

/** Settles a future from the archive. A record that cannot be read fails its call alone. */
async function settleFromArchive(call: Call, settled: Settled, options: ResolvedOptions): Promise<void> {
  call.hasOutcome = true;
  try {
    await decodeSettled(call, settled, options);
  } catch (cause) {
    const message = `What came of the call was in the archive, and cannot be read: ${(cause as Error).message}`;
    call.controller.reject(new PayloadError(message, { cause }));
  }
}

async function decodeSettled(
  call: Call,
  { kind, bytes }: Settled,
  { otherNode }: ResolvedOptions,
): Promise<void> {
  if (kind === 'cancelled') call.future.cancel();
  else if (kind === 'failed') {
    const thrown = deserialize(bytes) as EncodedThrown;
    const { value } = await decodeInBox(thrown, `condor-futures call ${call.index}`);
    call.controller.reject(value);
  } else {
    const outcome = decodeOutcome(bytes);
    if (outcome === undefined) throw new PayloadError('it is torn');
    settle(call, await decodeResults(call, outcome, otherNode));
  }
}
