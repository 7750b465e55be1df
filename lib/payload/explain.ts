import { serialize as writePlain } from 'node:v8';
import type { CaptureOptions } from './capture/capture-options.ts';
import { type Capture, captureGraph } from './capture/capture.ts';
import { describeValue, showEdge } from './capture/refusal.ts';
import { writeGraph } from './format.ts';
import { serializePlain } from './plain-data.ts';
import { showPath } from './reference/members.ts';
import type { Reference } from './reference/reference.ts';

/** What would be sent of a value: `String(explanation)` is a tree for people. */
export interface Explanation {
  /** Of all that would be sent, header included. */
  readonly bytes: number;
  readonly root: ExplainedPart;
  toString(): string;
}

export interface ExplainedPart {
  /** How it was come by from the part around it, such as `captured variable 'helper'`. */
  readonly by: string;
  /** Such as `function helper (sim.mjs:12:1)`. */
  readonly what: string;
  /** The module or global that the job takes it from; undefined if it travels itself. */
  readonly reference: string | undefined;
  /** Bytes of this part alone, and with all that was come by through it first. */
  readonly ownBytes: number;
  readonly bytes: number;
  readonly parts: readonly ExplainedPart[];
}

/**
 * Shows what would be sent of a function or any other value: by value or by reference, through which variable or property, and how
 * many bytes each part takes.
 *
 * @example console.log(String(explain(simulate)))
 * @throws {SerializationError} if it cannot travel
 */
export function explain(value: unknown, options: CaptureOptions = {}): Explanation {
  const plain = serializePlain(value, 'value');
  if (plain !== undefined) {
    const { length } = plain;
    return explanation(length, { ...plainPart(value), ownBytes: length, bytes: length });
  }
  const capture = captureGraph(value, 'value', options);
  return explanation(writeGraph(capture.graph).length, explainNodes(capture));
}

function plainPart(value: unknown): Omit<ExplainedPart, 'ownBytes' | 'bytes'> {
  return { by: '', what: `${describeValue(value)}, plain data`, reference: undefined, parts: [] };
}

function explanation(bytes: number, root: ExplainedPart): Explanation {
  return { bytes, root, toString: () => `${bytes} bytes\n${drawTree(root).join('\n')}` };
}

function explainNodes(capture: Capture): ExplainedPart {
  type Part = { -readonly [K in keyof ExplainedPart]: ExplainedPart[K] } & { parts: ExplainedPart[] };
  const parts: Part[] = [...capture.steps()].map(({ value, edge, place, node }) => {
    const ownBytes = writePlain(node).length;
    return {
      by: edge.by === 'root' ? '' : showEdge(edge),
      what: describeValue(value, place),
      reference: node.kind === 'reference' ? showReference(node.reference) : undefined,
      ownBytes,
      bytes: ownBytes,
      parts: [],
    };
  });
  const steps = [...capture.steps()];
  // What is come by later hangs on what was come by before.
  for (let index = parts.length - 1; index > 0; index -= 1) {
    const part = parts[index] as Part;
    const parent = parts[(steps[index] as { from: number }).from] as Part;
    parent.bytes += part.bytes;
    parent.parts.unshift(part);
  }
  return parts[0] as Part;
}

/** Lists longer than this are cut. */
const MOST_PARTS = 20;

function drawTree(part: ExplainedPart, lead = '', rest = ''): string[] {
  const by = part.by === '' ? '' : `${part.by} = `;
  const how = part.reference === undefined ? sizes(part) : `by reference: ${part.reference}`;
  const lines = [`${lead}${by}${part.what}  ${how}`];
  const shown = part.parts.slice(0, MOST_PARTS);
  const hidden = part.parts.length - shown.length;
  shown.forEach((child, at) => {
    const isLast = at === shown.length - 1 && hidden === 0;
    lines.push(...drawTree(child, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`));
  });
  if (hidden > 0) lines.push(`${rest}└─ and ${hidden} more`);
  return lines;
}

function sizes({ ownBytes, bytes, parts }: ExplainedPart): string {
  return parts.length === 0 ? `${bytes} bytes` : `${bytes} bytes, ${ownBytes} of its own`;
}

/** For people: where a job takes it from. */
export function showReference(reference: Reference): string {
  switch (reference.kind) {
    case 'intrinsic':
      return reference.path;
    case 'builtin': {
      const { module, path, part } = reference;
      const what = part === 'namespace' ? '*' : showPath(path, part);
      return `${what}${what === '' ? '' : ' of '}node:${module}`;
    }
    case 'module': {
      const { url, path, part, package: packaged } = reference;
      const what = showPath(path, part);
      const where = packaged === undefined ? url : `${packaged.name}@${packaged.version}/${packaged.subpath}`;
      return `${what}${what === '' ? '' : ' of '}${where}`;
    }
    case 'import': {
      const { imported, specifier, parent } = reference;
      return `${imported} of ${specifier}, imported by ${parent}`;
    }
    case 'require':
      return `require of ${reference.parent}`;
  }
}
