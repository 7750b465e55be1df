import type { SubmittedBatch } from '../batch-system.ts';
import { factoryQuery, isLate, parseFactoryAds } from './factory-ads.ts';
import { parseClassAds } from './queue-listing.ts';
import { submissionConstraint } from './submit-description.ts';

/** The schedd's clock may be another than this machine's, by this much. */
const CLOCKS_DIFFER_S = 3600;

/**
 * The ids of the jobs that a condor_submit has queued though it did not tell, in the order of the batch: those in the queue and those
 * that have left it since. Undefined for jobs that were not queued.
 * @param list runs a command with arguments, and gives what it printed
 * @param since when the submission was begun, in milliseconds since 1970
 * @throws {CommandError} {@link SyntaxError} if either does not answer: then nothing is known
 */
export async function findSubmitted(
  list: (command: 'condor_q' | 'condor_history', args: readonly string[]) => Promise<string>,
  batch: SubmittedBatch,
  since: number,
): Promise<(string | undefined)[]> {
  const found = new Map<unknown, string>();
  const query = [
    '-json',
    '-attributes',
    'ClusterId,ProcId,CondorFuturesCall',
    '-constraint',
    submissionConstraint(batch),
  ];
  const add = (listing: string): void => {
    for (const [id, ad] of parseClassAds(listing)) found.set(ad['CondorFuturesCall'], id);
  };
  // In this order: what leaves the queue in between is in the history then.
  add(await list('condor_q', query));
  if (isLate(batch.submit)) {
    // Some have not come yet.
    const late = await list('condor_q', factoryQuery('-constraint', submissionConstraint(batch)));
    const [factory] = parseFactoryAds(late).values();
    if (factory !== undefined) {
      return batch.jobs.map(({ position }, index) => `${factory.cluster}.${position ?? index}`);
    }
  }
  if (found.size < batch.jobs.length) {
    // It is read from its end; without this, all of a busy schedd's.
    const before = Math.floor(since / 1000) - CLOCKS_DIFFER_S;
    add(await list('condor_history', [...query, '-since', `EnteredCurrentStatus < ${before}`]));
  }
  return batch.jobs.map(({ key }) => found.get(key));
}
