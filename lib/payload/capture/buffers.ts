import { types } from 'node:util';
import type { ObjectNode } from '../graph.ts';
import { NO_SHARING } from './platform.ts';
import { Refusal } from './refusal.ts';
import type { CaptureSink, ViewNode } from './sink.ts';

type BufferNode = Extract<ObjectNode, { kind: 'buffer' }>;

interface NotedView {
  readonly index: number;
  readonly view: ArrayBufferView;
  readonly node: ViewNode;
}

interface Resizable extends ArrayBuffer {
  readonly resizable?: boolean;
  readonly maxByteLength: number;
  resize(byteLength: number): void;
}

/** Describes a buffer that was captured itself, which is sent as a whole. */
export function describeBuffer(sink: CaptureSink, buffer: ArrayBuffer): BufferNode {
  refuseDetached(buffer);
  sink.noteBuffer(buffer);
  return wholeBuffer(buffer);
}

function refuseDetached(buffer: ArrayBuffer): void {
  // Node 20 does not know `detached`.
  if (buffer.byteLength > 0 || !isDetached(buffer)) return;
  throw new Refusal(
    'a detached ArrayBuffer: its bytes were transferred to another owner',
    'Send what they were transferred to, or a copy that was made before.',
  );
}

function isDetached(buffer: ArrayBuffer): boolean {
  try {
    void new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Describes a view; {@link BufferPlan.finish} adds the buffer to its node. */
export function describeView(sink: CaptureSink, index: number, view: ArrayBufferView): ViewNode {
  if (types.isSharedArrayBuffer(view.buffer)) throw new Refusal('a view of a SharedArrayBuffer', NO_SHARING);
  const isTracking = (view.buffer as Resizable).resizable === true && followsLength(view);
  refuseDetached(view.buffer);
  const node: ViewNode = {
    kind: 'view',
    type: typeOf(view),
    buffer: undefined,
    offset: view.byteOffset,
    length: isTracking ? undefined : ((view as Uint8Array).length ?? view.byteLength),
  };
  sink.noteView(index, view, node);
  return node;
}

/**
 * Decides which bytes of each ArrayBuffer are sent. Views that share a buffer share one in the job too. If
 * only views of a buffer were captured, only the bytes between the first and the last byte that they show are
 * sent; views of Node's pool for small Buffers that do not overlap are sent separately, because the pool also
 * holds unrelated bytes.
 */
export class BufferPlan {
  readonly #sink: CaptureSink;
  readonly #viewsByBuffer = new Map<ArrayBuffer, NotedView[]>();
  /** Buffers that were captured themselves. */
  readonly #wholeBuffers = new Set<ArrayBuffer>();

  constructor(sink: CaptureSink) {
    this.#sink = sink;
  }

  noteBuffer(buffer: ArrayBuffer): void {
    this.#wholeBuffers.add(buffer);
  }

  noteView(index: number, view: ArrayBufferView, node: ViewNode): void {
    const buffer = view.buffer as ArrayBuffer;
    const views = this.#viewsByBuffer.get(buffer);
    if (views === undefined) this.#viewsByBuffer.set(buffer, [{ index, view, node }]);
    else views.push({ index, view, node });
  }

  /** Adds the buffers; call it when all views are noted. */
  finish(): void {
    for (const [buffer, views] of this.#viewsByBuffer) {
      const known = this.#wholeBuffers.has(buffer) ? this.#sink.indexOf(buffer) : undefined;
      if (known !== undefined) for (const { node } of views) node.buffer = [known];
      else if ((buffer as Resizable).resizable === true) this.#send(views, 0, wholeBuffer(buffer));
      else this.#sendParts(buffer, views);
    }
  }

  #sendParts(buffer: ArrayBuffer, views: readonly NotedView[]): void {
    const sorted = views.toSorted((a, b) => a.view.byteOffset - b.view.byteOffset);
    const isPool =
      buffer.byteLength === Buffer.poolSize && sorted.every(({ node }) => node.type === 'Buffer');
    while (sorted.length > 0) {
      const group = [sorted.shift() as NotedView];
      const start = (group[0] as NotedView).view.byteOffset;
      let end = start;
      for (const { view } of group) end = Math.max(end, view.byteOffset + view.byteLength);
      for (;;) {
        if (sorted[0] === undefined || (isPool && sorted[0].view.byteOffset >= end)) break;
        const next = sorted.shift() as NotedView;
        end = Math.max(end, next.view.byteOffset + next.view.byteLength);
        group.push(next);
      }
      // Views of eight-byte numbers need an offset that is a multiple of eight.
      const aligned = start - (start % 8);
      this.#send(group, aligned, { kind: 'buffer', bytes: buffer.slice(aligned, end) });
    }
  }

  #send(group: readonly NotedView[], start: number, bytes: BufferNode): void {
    const [first] = group;
    // The node belongs to a new object, because the pool may be sent in several parts.
    const index = this.#sink.addNode(bytes, {}, first?.index ?? -1, { by: 'part', name: 'its buffer' });
    for (const { node } of group) {
      node.buffer = [index];
      node.offset -= start;
    }
  }
}

function wholeBuffer(buffer: ArrayBuffer): BufferNode {
  const { resizable, maxByteLength } = buffer as Resizable;
  const bytes = buffer.slice(0);
  return resizable === true ? { kind: 'buffer', bytes, maxByteLength } : { kind: 'buffer', bytes };
}

function typeOf(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer';
  return types.isTypedArray(view) ? view[Symbol.toStringTag] : 'DataView';
}

/**
 * Whether the length of a view follows that of its resizable buffer, as a clone of it shows.
 * @throws {Refusal} if the buffer has become too small for it
 */
function followsLength(view: ArrayBufferView): boolean {
  let clone: ArrayBufferView;
  try {
    clone = structuredClone(view);
  } catch (error) {
    throw new Refusal(
      'a view of a part of a resizable buffer that is not there any more',
      'Resize the buffer before you submit, or send the buffer alone.',
      { cause: error },
    );
  }
  const buffer = clone.buffer as Resizable;
  if (clone.byteLength === 0) {
    buffer.resize(buffer.maxByteLength);
    return clone.byteLength > 0;
  }
  buffer.resize(clone.byteOffset);
  return isWithin(clone);
}

/** Whether the buffer of a view is large enough for it. */
function isWithin(view: ArrayBufferView): boolean {
  try {
    return types.isTypedArray(view) ? view.values() !== undefined : view.byteLength >= 0;
  } catch {
    return false;
  }
}
