import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { Slots } from '../../base/fifo.ts';
import { separateOptions } from '../../batch/submit-options.ts';
import type { Call } from '../../cluster/calls/call.ts';
import type { WrittenFunction } from '../../cluster/calls/functions.ts';
import type { MapContents, MapHeader, ResolvedOptions } from '../../cluster/cluster-options.ts';
import { journaledJob } from '../../cluster/submit/write-calls.ts';
import type { JobOptions } from '../../futures/job-options.ts';
import { JobSet, listOutcomes } from '../../job-set/job-set.ts';
import { type JournaledCall, type JournalEntry, replayJournal, readJournal } from '../../job-set/journal.ts';
import { inputsFile, outcomeFile, outputFilesOf, stderrFile, stdoutFile } from '../../job-set/names.ts';
import { asyncFileCalls, readTrusted } from '../../job-set/trusted-files.ts';
import { linkNew, linkTree } from '../../job-set/whole-files.ts';
import { type CallItem, decodeCall, decodeOutcome } from '../../payload/call.ts';
import { isGraph, readGraph } from '../../payload/format.ts';
import type { Graph, Node } from '../../payload/graph.ts';
import type { Reference } from '../../payload/reference/reference.ts';
import { listTags, readTag } from '../tags/tags.ts';

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
    const { calls } = replayJournal(await readJournal(jobSet.directory));
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
    const bytes = await readTrusted(asyncFileCalls, inputsFile(directory, batch));
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

/** What the outcomes of a map's calls depend on besides their arguments; undefined if that cannot be told. */
export function contentsOfMap(
  { bytes }: WrittenFunction,
  { environment, setup, execArgv, cwd }: ResolvedOptions,
): MapContents | undefined {
  const fn = contentsOfBytes(bytes, 'file');
  if (fn === undefined) return undefined;
  const [node] = process.versions.node.split('.');
  const variables = Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    function: fn,
    surroundings: hashOf(JSON.stringify([variables, setup, execArgv, cwd, node])),
  };
}

/** By what the arguments of a call are known again in another run of a program; undefined if they cannot be. */
export function contentsOfCall(payload: Uint8Array): string | undefined {
  try {
    const [item, ...others] = decodeCall(payload).items;
    return item === undefined || others.length > 0 ? undefined : contentsOfItem(item);
  } catch {
    // Another version wrote it.
    return undefined;
  }
}

function contentsOfItem(item: CallItem): string | undefined {
  if ('primitives' in item) return hashOf(JSON.stringify(item.primitives.map(wordFor)));
  if ('arguments' in item) return contentsOfBytes(item.arguments, 'none');
  return 'call' in item ? contentsOfBytes(item.call, 'none') : undefined;
}

function wordFor(primitive: unknown): string {
  return `${typeof primitive} ${Object.is(primitive, -0) ? '-0' : String(primitive)}`;
}

/** @param files what becomes of values that the job takes from files of the user's: with the file as it is now, or none can be told */
function contentsOfBytes(bytes: Uint8Array, files: 'file' | 'none'): string | undefined {
  if (!isGraph(bytes)) return hashOf(bytes);
  try {
    const graph = readGraph(bytes, 'refuse');
    // What travels beside the call has names that are made at random.
    if (graph.nodes.some(({ kind }) => kind === 'given' || kind === 'elsewhere')) return undefined;
    const read = filesOf(graph).map((file) => (files === 'none' ? refuse() : hashOf(readFileSync(file))));
    return hashOf(serialize([withoutPlaces(graph), read]));
  } catch {
    return undefined;
  }
}

function refuse(): never {
  throw new TypeError('The file may have been another one when this was written');
}

/** What a graph means, without where its code stood, and without the names that were given to it at random. */
function withoutPlaces(graph: Graph): unknown {
  const nodes = graph.nodes.map((node) => ({ ...node, place: undefined, id: undefined }));
  // Only what is said relative to a file depends on where that is.
  const urls = graph.nodes.some(looksAround) ? graph.files.map(({ url }) => url) : [];
  return { ...graph, nodes, files: urls };
}

function looksAround(node: Node): boolean {
  return 'text' in node && /\b(import|require|__filename|__dirname)\b/.test(node.text);
}

/** The files from which a job would take values, but for those of packages, whose versions stand in the graph. */
function filesOf({ nodes }: Graph): string[] {
  const urls = nodes.flatMap((node) => (node.kind === 'reference' ? urlOf(node.reference) : []));
  return [...new Set(urls)]
    .filter((url) => url.startsWith('file:') && !url.includes('/node_modules/'))
    .map((url) => fileURLToPath(url));
}

function urlOf(reference: Reference): string[] {
  if (reference.kind === 'module') return [reference.url];
  if (reference.kind !== 'import' || !/^\.{0,2}\/|^file:/.test(reference.specifier)) return [];
  return [new URL(reference.specifier, reference.parent).href];
}

function hashOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}
