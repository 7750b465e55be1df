import { setTimeout as delay } from 'node:timers/promises';
import { copyArguments, encodeRequest } from '../cluster/encode-request.ts';
import type { WrittenFunction } from '../cluster/functions.ts';
import { readCalls } from '../cluster/journaled-calls.ts';
import { recoverCalls } from '../cluster/recovery.ts';
import type { MapHeader } from '../cluster-options.ts';
import type { JobOptions, JobPolicies } from '../job-options.ts';
import { readArchive } from '../job-set/archive.ts';
import { readJournal } from '../job-set/journal.ts';
import { jobIdOf, type ComponentStatus } from './component.ts';
import { contentsOfCall } from './contents.ts';
import type { MapCore } from './map-core.ts';
import type { MapExecutor } from './map-executor.ts';
import { MapDiffersError } from './reuse-errors.ts';
import { contentsOfInputs, type StoredOutcomes } from './stored-outcomes.ts';

/** What a map is to be from now on. */
export interface Wanted {
  readonly header: MapHeader;
  readonly written: WrittenFunction;
  /** The arguments and options of its calls, so many at a time, to be iterated over once. */
  readonly batches: AsyncIterable<readonly WantedCall[]>;
  readonly policies: JobPolicies;
  readonly stored: StoredOutcomes | undefined;
}

export interface WantedCall {
  readonly args: readonly unknown[];
  readonly options: JobOptions;
}

const FAILED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * Goes on with a map that is on the disk: what has failed, was removed or never ran is run again, what is active is left alone, and what is wanted
 * besides is added.
 * @throws {MapDiffersError} if it is of something else, or of more inputs; {@link JobSetInUseError}; {@link SubmitError}
 */
export async function goOnWithMap(core: MapCore, wanted: Wanted): Promise<void> {
  checkHeader(core, wanted.header);
  await core.look();
  const { known, further } = await compareInputs(core, wanted);
  const statuses = await core.look();
  const failed = (index: number): boolean => FAILED.includes(statuses[index] as ComponentStatus);
  const indices = statuses.map((_, index) => index);
  const active = indices.filter((index) => statuses[index] !== 'completed' && !failed(index));
  const isLookedAfter = core.reader.isAttended;
  const mayBeLost = isLookedAfter ? [] : active;
  if (further.length === 0 && mayBeLost.length === 0 && !indices.some(failed)) return;
  await core.submit(async (executor) => {
    const lost = new Set(await lostComponents(core, mayBeLost));
    await removeHeld(core, statuses);
    for (const index of indices.filter((one) => failed(one) || lost.has(one)))
      executor.again(core.reader.jobSet, core.component(index).call, known[index] as JobOptions);
    await writeAll(executor, further, wanted);
  }, wanted.policies);
}

function checkHeader({ tag, header }: MapCore, wanted: MapHeader): void {
  const differ = (difference: MapDiffersError['difference'], what: string): MapDiffersError =>
    new MapDiffersError(tag, difference, what);
  if (wanted.contents === undefined)
    throw differ('function', 'it cannot be told whether its function is the same');
  if (header.contents?.function !== wanted.contents.function)
    throw differ('function', `its function ${header.name || '(anonymous)'} or what that captures is another`);
  if (header.contents.surroundings !== wanted.contents.surroundings)
    throw differ(
      'surroundings',
      '`environment`, `setup`, `execArgv`, the current directory or the major version of Node is another',
    );
  if (header.spread !== wanted.spread || String(header.axes) !== String(wanted.axes))
    throw differ('form', 'it was made by another method, or of axes of other lengths');
}

/** The options of the components that there are, and what is wanted besides. */
async function compareInputs(
  core: MapCore,
  { written, batches }: Wanted,
): Promise<{ known: JobOptions[]; further: WantedCall[] }> {
  const { tag, reader, host } = core;
  const there = new Map<number, string | undefined>();
  const calls = reader.components.map(({ call }) => call);
  for await (const [{ index }, contents] of contentsOfInputs(reader.jobSet, calls))
    there.set(index - 1, contents);
  const { capture, otherNode } = host.options;
  const functions = { write: () => written };
  const known: JobOptions[] = [];
  const further: WantedCall[] = [];
  for await (const batch of batches) {
    for (const { args, options } of batch) {
      const index = known.length;
      if (index >= core.length) {
        // The caller's may change until they are written.
        const copy = [...args];
        copyArguments(copy, written, { capture });
        further.push({ args: copy, options });
        continue;
      }
      const request = { fn: written.fn, items: [args], options: {} };
      const { payload } = encodeRequest(request, functions, { capture, otherNode, main: '' }, true);
      const contents = there.get(index);
      if (contents === undefined || contents !== contentsOfCall(payload))
        throw new MapDiffersError(tag, 'inputs', `the input of component ${index} is another`, index);
      known.push(options);
    }
  }
  if (known.length < core.length) {
    const what = `it has ${core.length} components, and there were ${known.length} inputs`;
    throw new MapDiffersError(tag, 'inputs', what, known.length);
  }
  return { known, further };
}

/** Of components that seem to be active in a map that nobody looks after, those whose jobs are gone. */
async function lostComponents(core: MapCore, active: readonly number[]): Promise<number[]> {
  if (active.length === 0) return [];
  const { jobSet } = core.reader;
  const journaled = readCalls(await readJournal(jobSet.directory));
  const archive = await readArchive(jobSet.directory);
  const { calls } = await recoverCalls(jobSet, core.host.system, journaled, [...archive]);
  const gone = calls.filter(({ state }) => state === 'begun' || state === 'waiting');
  const suspects = gone.map(({ index }) => index - 1).filter((index) => active.includes(index));
  // Their outcomes may be on their way.
  if (gone.some(({ state }) => state === 'begun')) await delay(await core.watch.grace());
  const statuses = await core.look();
  return suspects.filter((index) => statuses[index] !== 'completed');
}

/** Else two jobs would have one component. */
async function removeHeld(core: MapCore, statuses: readonly ComponentStatus[]): Promise<void> {
  const held = core.reader.components.filter(({ index }) => statuses[index] === 'held');
  const jobIds = held.map((component) => jobIdOf(component)).filter((id) => id !== undefined);
  if (jobIds.length > 0) await core.host.system.remove(jobIds);
}

/** So many are encoded and written at once. */
const BATCH = 1000;

async function writeAll(
  executor: MapExecutor,
  calls: readonly WantedCall[],
  { written, stored }: Wanted,
): Promise<void> {
  for (let begin = 0; begin < calls.length; begin += BATCH)
    await executor.write(written, calls.slice(begin, begin + BATCH), stored);
}
