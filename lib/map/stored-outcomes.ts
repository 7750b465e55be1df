import { rm } from 'node:fs/promises';
import type { JobOptions } from '../job-options.ts';
import { separateOptions } from '../batch/varied-options.ts';
import type { Call } from '../cluster/call.ts';
import { readCalls, type JournaledCall } from '../cluster/journaled-calls.ts';
import { journaledJob } from '../cluster/write-calls.ts';
import type { MapContents, MapHeader } from '../cluster-options.ts';
import { patientCalls } from '../job-set/file-calls.ts';
import { JobSet, listOutcomes } from '../job-set/job-set.ts';
import { readJournal, type JournalEntry } from '../job-set/journal.ts';
import { linkNew } from '../job-set/link-new.ts';
import { linkTree } from '../job-set/link-tree.ts';
import { inputsFile, outcomeFile, outputFilesOf, stderrFile, stdoutFile } from '../job-set/names.ts';
import { readTrusted } from '../job-set/read-trusted.ts';
import { decodeOutcome } from '../payload/call.ts';
import { Slots } from '../slots.ts';
import { contentsOfCall } from './contents.ts';
import { listTags, readTag } from './tags.ts';

/** Each read takes a file descriptor. */
const AT_ONCE = 16;

/** An outcome that may do for another call. */
interface Stored {
  readonly jobSet: JobSet;
  readonly key: string;
}

/** Outcomes in the maps of a directory, by the arguments of their calls. */
export class StoredOutcomes {
  readonly #stored = new Map<string, Stored[]>();
  readonly #slots = new Slots(AT_ONCE);

  /** Those of maps with the same function and surroundings. What cannot be read is left out. @throws {DirectoryError} */
  static async find(directory: string, contents: MapContents | undefined): Promise<StoredOutcomes> {
    const found = new StoredOutcomes();
    if (contents === undefined) return found;
    for (const tag of await listTags(directory)) {
      // It may be removed meanwhile, or be torn, or be another user's.
      await found.#addMap(directory, tag, contents).catch(() => {});
    }
    return found;
  }

  /**
   * Gives calls that have inputs the outcomes that there are for them, under their own keys.
   * @param payloads of the calls, which are on the disk by now
   * @returns those that got one
   */
  async giveTo(
    jobSet: JobSet,
    calls: readonly Call[],
    payloads: readonly Uint8Array[],
  ): Promise<ReadonlySet<Call>> {
    const given = new Set<Call>();
    for (const [index, call] of calls.entries()) {
      const contents = contentsOfCall(payloads[index] as Uint8Array);
      const candidates = contents === undefined ? undefined : this.#stored.get(contents);
      if (candidates === undefined) continue;
      this.#slots.run(async () => {
        for (const candidate of candidates) {
          if (!(await take(candidate, jobSet, call.key))) continue;
          given.add(call);
          return;
        }
      });
    }
    await this.#slots.idle();
    return given;
  }

  async #addMap(directory: string, tag: string, contents: MapContents): Promise<void> {
    const { id } = await readTag(directory, tag);
    const jobSet = await JobSet.open(directory, id);
    const { map } = (await jobSet.readHeader()) as { readonly map?: MapHeader };
    if (map?.contents?.function !== contents.function) return;
    if (map.contents.surroundings !== contents.surroundings) return;
    const { calls } = readCalls(await readJournal(jobSet.directory));
    const outcomes = new Set(await listOutcomes(jobSet.directory));
    const done = [...calls.values()].filter(({ job }) => outcomes.has(job.key));
    for await (const [{ job }, call] of contentsOfInputs(jobSet, done)) {
      if (call === undefined) continue;
      const stored = this.#stored.get(call);
      if (stored === undefined) this.#stored.set(call, [{ jobSet, key: job.key }]);
      else stored.push({ jobSet, key: job.key });
    }
  }
}

/** By what the inputs of calls are known again, batch by batch. @throws {OwnershipError} */
export async function* contentsOfInputs(
  { directory }: JobSet,
  calls: readonly JournaledCall[],
): AsyncGenerator<readonly [JournaledCall, string | undefined]> {
  const batches = new Map<number, JournaledCall[]>();
  for (const call of calls) {
    const batch = batches.get(call.job.batch);
    if (batch === undefined) batches.set(call.job.batch, [call]);
    else batch.push(call);
  }
  for (const [batch, members] of batches) {
    const bytes = await readTrusted(patientCalls, inputsFile(directory, batch));
    for (const call of members) {
      const { offset, length } = call.job;
      yield [call, bytes && contentsOfCall(bytes.subarray(offset, offset + length))];
    }
  }
}

/** What the journal says of calls that have got outcomes: entries of one set of option names each. */
export function reusedEntries(calls: Iterable<Call>): JournalEntry[] {
  const groups = new Map<string, Call[]>();
  for (const call of calls) {
    const name = Object.keys(submitOf(call)).toSorted().join(' ');
    groups.set(name, [...(groups.get(name) ?? []), call]);
  }
  return [...groups.values()].map((group) => ({
    event: 'reused',
    jobs: group.map((call) => journaledJob(call, 1)),
    ...separateOptions(group.map(submitOf)),
  }));
}

function submitOf({ options }: Call): NonNullable<JobOptions['submit']> {
  return options.submit ?? NO_SUBMIT_OPTIONS;
}

const NO_SUBMIT_OPTIONS = {};

/** Gives an outcome, if the call has returned, what its job has printed, and the files that it has sent back, one more name. Undone by the removal of the map. */
async function take({ jobSet: from, key: source }: Stored, to: JobSet, key: string): Promise<boolean> {
  const outputs = outputFilesOf(to.directory, key);
  try {
    const bytes = await from.readOutcome(source);
    const outcome = bytes && decodeOutcome(bytes);
    if (outcome?.items.every((item) => 'value' in item || 'primitive' in item) !== true) return false;
    await linkTree(outputFilesOf(from.directory, source), outputs);
    await linkNew(outcomeFile(from.directory, source), outcomeFile(to.directory, key));
    for (const log of [stdoutFile, stderrFile])
      await linkNew(log(from.directory, source), log(to.directory, key)).catch(() => {});
    return true;
  } catch {
    // Its map is being removed, or another version wrote it.
    await rm(outputs, { recursive: true, force: true });
    return false;
  }
}
