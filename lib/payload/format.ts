import { deserialize, serialize } from 'node:v8';
import { PayloadError } from '../base/errors.ts';
import { hashOf } from '../base/hash.ts';
import { warn } from '../base/warn.ts';
import type { Graph } from './graph.ts';

/** Version of condor-futures, as in package.json; both sides of a call must have the same. */
export const VERSION = '0.1.0';
/** Increased whenever the meaning of a graph changes. */
const FORMAT = 1;
const MAGIC = 'condor-futures payload ';

/**
 * First line of a graph's bytes: JSON behind the magic words. The graph follows, as `v8.serialize` writes it.
 */
interface Header {
  readonly format: number;
  /** Version of condor-futures. */
  readonly library: string;
  /** Version of Node, such as `20.19.0`. */
  readonly node: string;
  /** SHA-256 of the graph's bytes, in hex. */
  readonly sha256: string;
}

/** Treatment of a graph that another major version of Node wrote. */
export type OtherNode = 'refuse' | 'warn';

export function writeGraph(graph: Graph): Buffer {
  const body = serialize(graph);
  const header: Header = {
    format: FORMAT,
    library: VERSION,
    node: process.versions.node,
    sha256: hashOf(body),
  };
  return Buffer.concat([Buffer.from(`${MAGIC}${JSON.stringify(header)}\n`), body]);
}

/** Whether bytes hold a graph rather than plain data, whose first byte is 0xff because v8 alone wrote it. */
export function isGraph(bytes: Uint8Array): boolean {
  return bytes[0] === MAGIC.charCodeAt(0);
}

/**
 * Reads a graph after checking that it is whole and of a version that this program understands.
 * @throws {PayloadError} if it is torn, or of another version of condor-futures or, by default, of Node
 */
export function readGraph(bytes: Uint8Array, otherNode: OtherNode | 'accept'): Graph {
  const end = endOfHeader(bytes);
  const header = readHeader(Buffer.from(bytes.buffer, bytes.byteOffset, Math.max(0, end)).toString());
  const body = bytes.subarray(end + 1);
  if (header === undefined) throw new PayloadError(`The payload of ${bytes.length} bytes has no header`);
  const ours = `condor-futures ${VERSION} (format ${FORMAT})`;
  if (header.format !== FORMAT || header.library !== VERSION) {
    throw new PayloadError(
      `The payload was written by condor-futures ${header.library} (format ${header.format}), and is read by ${ours}`,
    );
  }
  if (majorOf(header.node) !== majorOf(process.versions.node)) {
    const text = `The payload was written on Node ${header.node}, and is read on Node ${process.versions.node} (${process.execPath})`;
    if (otherNode === 'refuse') {
      throw new PayloadError(
        `${text}: functions may not mean the same there. Remedy: run both on one major version`,
      );
    }
    if (otherNode === 'warn') warn(text);
  }
  if (hashOf(body) !== header.sha256)
    throw new PayloadError('The payload is torn: its hash is not what its header says');
  return deserialize(body) as Graph;
}

/** Reads a graph once more, from bytes that {@link readGraph} has checked. */
export function readGraphAgain(bytes: Uint8Array): Graph {
  return deserialize(bytes.subarray(endOfHeader(bytes) + 1)) as Graph;
}

function endOfHeader(bytes: Uint8Array): number {
  return bytes.indexOf(0x0a);
}

function readHeader(line: string): Header | undefined {
  try {
    return line.startsWith(MAGIC) ? (JSON.parse(line.slice(MAGIC.length)) as Header) : undefined;
  } catch {
    return undefined;
  }
}

function majorOf(version: string): string {
  return version.split('.')[0] as string;
}
