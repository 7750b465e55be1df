import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serialize } from 'node:v8';
import { Slots } from '../../base/fifo.ts';
import { hashOf } from '../../base/hash.ts';
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

/** Limit on concurrent reads, because each one takes a file descriptor. */
const READS_AT_ONCE = 16;

/** The place of an outcome that another call may reuse. */
interface StoredOutcome {
  readonly jobSet: JobSet;
  readonly key: string;
}

/** The reusable outcomes in the maps of a directory, found by the arguments of their calls. */
export class StoredOutcomes {
  readonly #outcomesByArguments = new Map<string, StoredOutcome[]>();
  readonly #slots = new Slots(READS_AT_ONCE);

  /** Finds the outcomes of maps with the same function and surroundings; ignores unreadable maps. */
  static async find(directory: string, contents: MapContents | undefined): Promise<StoredOutcomes> {
    const found = new StoredOutcomes();
    if (contents === undefined) return found;
    for (const tag of await listTags(directory)) {
      // The map may be removed meanwhile, be incomplete, or belong to another user.
      await found.#addMap(directory, tag, contents).catch(() => {});
    }
    return found;
  }

  /**
   * Links the outcomes found for the arguments of calls into their job set.
   * @param payloads of the calls, which are already on the disk
   * @returns the calls that have an outcome now
   */
  async giveTo(
    jobSet: JobSet,
    calls: readonly Call[],
    payloads: readonly Uint8Array[],
  ): Promise<ReadonlySet<Call>> {
    const given = new Set<Call>();
    for (const [index, call] of calls.entries()) {
      const contents = contentsOfCall(payloads[index] as Uint8Array);
      const candidates = contents === undefined ? undefined : this.#outcomesByArguments.get(contents);
      if (candidates === undefined) continue;
      this.#slots.run(async () => {
        for (const candidate of candidates) {
          if (!(await linkOutcome(candidate, jobSet, call.key))) continue;
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
      const stored = this.#outcomesByArguments.get(call);
      if (stored === undefined) this.#outcomesByArguments.set(call, [{ jobSet, key: job.key }]);
      else stored.push({ jobSet, key: job.key });
    }
  }
}

/** Generates the hash of each call's arguments, batch by batch. @throws {OwnershipError} */
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

/** The journal entries for calls with reused outcomes, one for each set of option names. */
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

/**
 * Hard-links the outcome of a call that returned, with its logs and output files, under the key of another
 * call.
 * @returns whether that was possible
 */
async function linkOutcome(
  { jobSet: from, key: source }: StoredOutcome,
  to: JobSet,
  key: string,
): Promise<boolean> {
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
    // The other map is being removed, or another version wrote its outcome.
    await rm(outputs, { recursive: true, force: true });
    return false;
  }
}

/** Hashes everything besides the inputs that determines a map's outcomes; undefined if that is unknown. */
export function contentsOfMap(
  { bytes }: WrittenFunction,
  { environment, setup, execArgv, cwd }: ResolvedOptions,
  preload: readonly string[] = [],
): MapContents | undefined {
  const fn = hashBytes(bytes, 'file');
  if (fn === undefined) return undefined;
  const [node] = process.versions.node.split('.');
  const variables = Object.entries(environment).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    function: fn,
    surroundings: contentHash(JSON.stringify([variables, setup, execArgv, cwd, node, ...preload])),
  };
}

/** Hashes a call's arguments, alike in each run of a program; undefined if that is impossible. */
export function contentsOfCall(payload: Uint8Array): string | undefined {
  try {
    const [item, ...others] = decodeCall(payload).items;
    return item === undefined || others.length > 0 ? undefined : hashItem(item);
  } catch {
    // Another version of this package wrote the payload.
    return undefined;
  }
}

function hashItem(item: CallItem): string | undefined {
  if ('primitives' in item) return contentHash(JSON.stringify(item.primitives.map(formatPrimitive)));
  if ('arguments' in item) return hashBytes(item.arguments, 'none');
  return 'call' in item ? hashBytes(item.call, 'none') : undefined;
}

function formatPrimitive(primitive: unknown): string {
  return `${typeof primitive} ${Object.is(primitive, -0) ? '-0' : String(primitive)}`;
}

/** @param files whether to hash the user's files from which the job loads values, or to give up */
function hashBytes(bytes: Uint8Array, files: 'file' | 'none'): string | undefined {
  if (!isGraph(bytes)) return contentHash(bytes);
  try {
    const graph = readGraph(bytes, 'refuse');
    // Files and results that are sent beside the call have random names.
    if (graph.nodes.some(({ kind }) => kind === 'given' || kind === 'elsewhere')) return undefined;
    const read = findFiles(graph).map((file) =>
      files === 'none' ? refuse() : contentHash(readFileSync(file)),
    );
    return contentHash(serialize([withoutRandomParts(graph), read]));
  } catch {
    return undefined;
  }
}

function refuse(): never {
  throw new TypeError('The file may have been another one when this was written');
}

/** A graph without the positions of its code and without random ids, which differ between equal functions. */
function withoutRandomParts(graph: Graph): unknown {
  const nodes = graph.nodes.map((node) => ({
    ...node,
    place: undefined,
    id: undefined,
    counterpart: undefined,
  }));
  // The location of a file matters only to code that refers to it.
  const urls = graph.nodes.some(usesFileLocation) ? graph.files.map(({ url }) => url) : [];
  return { ...graph, nodes, files: urls };
}

function usesFileLocation(node: Node): boolean {
  return 'text' in node && /\b(import|require|__filename|__dirname)\b/.test(node.text);
}

/** The user's files from which a job loads values, without packages: the graph has their versions. */
function findFiles({ nodes }: Graph): string[] {
  const urls = nodes.flatMap((node) => (node.kind === 'reference' ? findUrl(node.reference) : []));
  return [...new Set(urls)]
    .filter((url) => url.startsWith('file:') && !url.includes('/node_modules/'))
    .map((url) => fileURLToPath(url));
}

function findUrl(reference: Reference): string[] {
  if (reference.kind === 'module') return [reference.url];
  if (reference.kind !== 'import' || !/^\.{0,2}\/|^file:/.test(reference.specifier)) return [];
  return [new URL(reference.specifier, reference.parent).href];
}

/** Half of a SHA-256: headers of existing maps have this length. */
function contentHash(content: string | Uint8Array): string {
  return hashOf(content).slice(0, 32);
}
