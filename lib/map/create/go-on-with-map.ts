import {
  type ComponentStatus,
  MapDiffersError,
  MapRemovedError,
  MapUnfinishedError,
} from '../../base/map-errors.ts';
import { copyArguments, encodeRequest } from '../../cluster/calls/encode-request.ts';
import type { WrittenFunction } from '../../cluster/calls/functions.ts';
import type { MapHeader } from '../../cluster/cluster-options.ts';
import type { JobOptions, JobPolicies } from '../../futures/job-options.ts';
import { removeTagged } from '../act/clean.ts';
import { rerunComponents } from '../act/component-actions.ts';
import type { JobMap } from '../job-map.ts';
import type { MapCore } from '../read/map-core.ts';
import { type MapHome, openMap } from '../read/open-map.ts';
import { hasTag } from '../tags/tags.ts';
import { contentsOfCall, contentsOfInputs } from './reuse.ts';

/** What a map is to be from now on. */
export interface Wanted {
  readonly header: MapHeader;
  readonly written: WrittenFunction;
  /** The arguments and options of its calls, so many at a time, to be iterated over once. */
  readonly batches: AsyncIterable<readonly WantedCall[]>;
  readonly policies: JobPolicies;
}

export interface WantedCall {
  readonly args: readonly unknown[];
  readonly options: JobOptions;
}

const FAILED: readonly ComponentStatus[] = ['errored', 'removed', 'held'];

/**
 * Goes on with the map of a tag, as {@link goOnWithMap}; what is left of one that was not made to its end is removed.
 * @returns undefined if there is none
 * @throws {MapUnfinishedError} if it is just being made
 */
export async function goOnWithTag(tag: string, home: MapHome, wanted: Wanted): Promise<JobMap | undefined> {
  if (!(await hasTag(home.options.directory, tag))) return undefined;
  try {
    return await openMap(tag, home, async (core) => goOnWithMap(core, wanted));
  } catch (error) {
    // Its making, or its removal, was cut off.
    const isPart =
      error instanceof MapRemovedError || (error instanceof MapUnfinishedError && !error.isBeingMade);
    if (!isPart) throw error;
    await removeTagged(tag, home, {});
    return undefined;
  }
}

/**
 * Goes on with a map that is on the disk: what has failed, was removed or never ran is run again, what is active is left alone, and what is wanted
 * besides is added. Of one that was not made to its end nothing is changed.
 * @throws {MapDiffersError} if it is of something else, or of more inputs; {@link JobSetInUseError}; {@link SubmitError}
 */
async function goOnWithMap(core: MapCore, wanted: Wanted): Promise<void> {
  await core.look();
  if (core.length === 0) return;
  checkHeader(core, wanted.header);
  const { known, further } = await compareInputs(core, wanted);
  const statuses = await core.look();
  const failed = [...statuses.keys()].filter((index) => FAILED.includes(statuses[index] as ComponentStatus));
  await rerunComponents(core, failed, (index) => known[index] as JobOptions, wanted.policies);
  if (further.length === 0) return;
  await core.submit(async (executor) => {
    for (let begin = 0; begin < further.length; begin += BATCH)
      await executor.write(wanted.written, further.slice(begin, begin + BATCH));
  }, wanted.policies);
}

/** So many are encoded and written at once. */
const BATCH = 1000;

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
  const { capture, otherNode, filesystem } = host.options;
  const functions = { write: () => written };
  const known: JobOptions[] = [];
  const further: WantedCall[] = [];
  for await (const batch of batches) {
    for (const { args, options } of batch) {
      const index = known.length;
      if (index >= core.length) {
        // The caller's may change until they are written.
        const copy = [...args];
        copyArguments(copy, written, { capture }, { transfers: filesystem === 'transfer' });
        further.push({ args: copy, options });
        continue;
      }
      const request = { fn: written.fn, items: [args], options: {} };
      const { payload } = encodeRequest(request, functions, { capture, otherNode, main: '' }, true, {
        transfers: filesystem === 'transfer',
      });
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
