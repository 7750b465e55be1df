import { types } from 'node:util';
import type { ObjectNode } from '../graph.ts';
import type { Capture } from './capture.ts';
import { Refusal } from './refusal.ts';

type BufferNode = Extract<ObjectNode, { kind: 'buffer' }>;
type ViewNode = Extract<ObjectNode, { kind: 'view' }>;

interface Resizable extends ArrayBuffer {
  readonly resizable?: boolean;
  readonly maxByteLength: number;
}

export const NO_SHARING =
  'Jobs share no memory: send a copy in an ArrayBuffer, such as one made with slice().';

/**
 * Views of one ArrayBuffer share one in the job too. Of a buffer that only views are seen of, only the bytes between the first and
 * the last byte that they show are sent; and where views of Node's pool for small Buffers do not overlap, each is sent alone: the
 * pool holds bytes of others.
 */
export class BufferPlan {
  readonly #capture: Capture;
  readonly #views = new Map<ArrayBuffer, { index: number; view: ArrayBufferView; node: ViewNode }[]>();
  /** Buffers that were come by themselves. */
  readonly #whole = new Set<ArrayBuffer>();

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  describeBuffer(buffer: ArrayBuffer): BufferNode {
    this.#whole.add(buffer);
    return wholeBuffer(buffer);
  }

  describeView(index: number, view: ArrayBufferView): ViewNode {
    if (types.isSharedArrayBuffer(view.buffer))
      throw new Refusal('a view of a SharedArrayBuffer', NO_SHARING);
    const { buffer } = view as { buffer: ArrayBuffer };
    const node: ViewNode = {
      kind: 'view',
      type: typeOf(view),
      buffer: undefined,
      offset: view.byteOffset,
      length: followsLength(view) ? undefined : ((view as Uint8Array).length ?? view.byteLength),
    };
    const views = this.#views.get(buffer);
    if (views === undefined) this.#views.set(buffer, [{ index, view, node }]);
    else views.push({ index, view, node });
    return node;
  }

  /** Once all views are known. */
  finish(): void {
    for (const [buffer, views] of this.#views) {
      const known = this.#whole.has(buffer) ? this.#capture.indexOf(buffer) : undefined;
      if (known !== undefined) for (const { node } of views) node.buffer = [known];
      else if ((buffer as Resizable).resizable === true) this.#send(views, 0, wholeBuffer(buffer));
      else this.#sendParts(buffer, views);
    }
  }

  #sendParts(buffer: ArrayBuffer, views: { index: number; view: ArrayBufferView; node: ViewNode }[]): void {
    const sorted = views.toSorted((a, b) => a.view.byteOffset - b.view.byteOffset);
    const isPool =
      buffer.byteLength === Buffer.poolSize && sorted.every(({ node }) => node.type === 'Buffer');
    while (sorted.length > 0) {
      const group = [sorted.shift() as (typeof sorted)[number]];
      const start = (group[0] as (typeof sorted)[number]).view.byteOffset;
      let end = start;
      for (const { view } of group) end = Math.max(end, view.byteOffset + view.byteLength);
      for (;;) {
        if (sorted[0] === undefined || (isPool && sorted[0].view.byteOffset >= end)) break;
        const next = sorted.shift() as (typeof sorted)[number];
        end = Math.max(end, next.view.byteOffset + next.view.byteLength);
        group.push(next);
      }
      // A view of eight-byte numbers must begin at a multiple of eight.
      const aligned = start - (start % 8);
      this.#send(group, aligned, { kind: 'buffer', bytes: buffer.slice(aligned, end) });
    }
  }

  #send(group: { index: number; node: ViewNode }[], start: number, bytes: BufferNode): void {
    const [first] = group;
    // Under a key of its own: the pool may be sent in several parts.
    const made = this.#capture.addNode(bytes, {}, first?.index ?? -1, { by: 'part', name: 'its buffer' });
    for (const { node } of group) {
      node.buffer = [made];
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

/** Whether the view has as many elements as its resizable buffer has room for: its length is not its own then. */
function followsLength(view: ArrayBufferView): boolean {
  const buffer = view.buffer as Resizable;
  if (buffer.resizable !== true || !types.isTypedArray(view)) return false;
  const { BYTES_PER_ELEMENT, byteOffset, length } = view as Uint8Array;
  return Math.floor((buffer.byteLength - byteOffset) / BYTES_PER_ELEMENT) === length;
}
