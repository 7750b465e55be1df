import { isBuiltin } from 'node:module';
import { basename } from 'node:path';
import { serialize as writePlain } from 'node:v8';
import type { CaptureOptions } from './capture/capture-options.ts';
import { type Capture, captureGraph } from './capture/capture.ts';
import { describeValue, showEdge } from './capture/refusal.ts';
import { writeGraph } from './format.ts';
import { serializePlain } from './plain-data.ts';
import { showPath } from './reference/members.ts';
import type { Reference } from './reference/reference.ts';

/** Number of children that the tree shows of one part. */
const MOST_PARTS = 20;

/** Everything that would be sent for a value; `String(explanation)` is a readable tree. */
export interface Explanation {
  /** Total size, header included. */
  readonly bytes: number;
  readonly root: ExplainedPart;
  /** Modules that the program imports only for what they do, which jobs do not import. */
  readonly notes: readonly string[];
  toString(): string;
}

/** One function, object or other value within an explained value. */
interface ExplainedPart {
  /** Way from the part around it, such as `captured variable 'helper'`; empty for the root. */
  readonly by: string;
  /** Description such as `function helper (sim.mjs:12:1)`. */
  readonly what: string;
  /** Module or global that the job takes it from; undefined if it is sent by value. */
  readonly reference: string | undefined;
  /** Place of the import, or why it is sent by value although the program imports it. */
  readonly reason: string | undefined;
  /** Bytes of this part alone. */
  readonly ownBytes: number;
  /** Bytes of this part and of all parts first reached through it. */
  readonly bytes: number;
  readonly parts: readonly ExplainedPart[];
}

/**
 * Shows how a function or any other value would be sent: which parts by value and which by reference, through
 * which variable or property each is reached, and how many bytes it takes.
 *
 * @example console.log(String(explain(simulate)))
 * @throws {SerializationError} if the value cannot be serialized
 */
export function explain(value: unknown, options: CaptureOptions = {}): Explanation {
  const plain = serializePlain(value, 'value');
  if (plain !== undefined) {
    const { length } = plain;
    return explanation(length, { ...plainPart(value), ownBytes: length, bytes: length });
  }
  const capture = captureGraph(value, 'value', options);
  return explanation(writeGraph(capture.graph).length, explainNodes(capture), notesOf(capture, options));
}

function plainPart(value: unknown): Omit<ExplainedPart, 'ownBytes' | 'bytes'> {
  return {
    by: '',
    what: `${describeValue(value)}, plain data`,
    reference: undefined,
    reason: undefined,
    parts: [],
  };
}

function explanation(bytes: number, root: ExplainedPart, notes: readonly string[] = []): Explanation {
  return {
    bytes,
    root,
    notes,
    toString: () => [`${bytes} bytes`, ...drawTree(root), ...notes].join('\n'),
  };
}

function notesOf({ references }: Capture, { preload = [] }: CaptureOptions): string[] {
  return references.effects
    .filter(({ specifier }) => !preload.includes(specifier) && !isBuiltin(specifier))
    .map(
      ({ specifier, url, line }) =>
        `${basename(url)}:${line} imports '${specifier}' only for what it does, which a job does not. ` +
        `If the function needs that: preload: ['${specifier}']`,
    );
}

function explainNodes(capture: Capture): ExplainedPart {
  type Part = { -readonly [K in keyof ExplainedPart]: ExplainedPart[K] } & { parts: ExplainedPart[] };
  const parts: Part[] = [...capture.steps()].map(({ value, edge, place, node }) => {
    const ownBytes = writePlain(node).length;
    return {
      by: edge.by === 'root' ? '' : showEdge(edge),
      what: describeValue(value, place),
      reference: node.kind === 'reference' ? showReference(node.reference) : undefined,
      reason: capture.references.reasonOf(value as object),
      ownBytes,
      bytes: ownBytes,
      parts: [],
    };
  });
  const steps = [...capture.steps()];
  // A part follows the part that it was reached from, so backwards each is complete before it is added.
  for (let index = parts.length - 1; index > 0; index -= 1) {
    const part = parts[index] as Part;
    const parent = parts[(steps[index] as { from: number }).from] as Part;
    parent.bytes += part.bytes;
    parent.parts.unshift(part);
  }
  return parts[0] as Part;
}

function drawTree(part: ExplainedPart, lead = '', rest = ''): string[] {
  const by = part.by === '' ? '' : `${part.by} = `;
  const how =
    part.reference === undefined
      ? sizes(part) + (part.reason === undefined ? '' : `, by value ${part.reason}`)
      : `by reference: ${part.reference}${part.reason === undefined ? '' : ` (${part.reason})`}`;
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

/** Describes, for users, where a job takes a value from. */
function showReference(reference: Reference): string {
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
      const { imported, specifier, parent, by, package: packaged, path = [], part } = reference;
      const subpath = packaged === undefined ? '' : specifier.slice(packaged.name.length);
      const where = packaged === undefined ? specifier : `${packaged.name}@${packaged.version}${subpath}`;
      const what = showPath(imported === '*' && path.length > 0 ? path : [imported, ...path], part);
      return `${what} of ${where}, ${by === 'require' ? 'required' : 'imported'} by ${parent}`;
    }
    case 'require':
      return `require of ${reference.parent}`;
    case 'variable': {
      const { name, path = [], part, seenBy } = reference;
      return `variable ${showPath([name, ...path], part)}, which is seen by ${showReference(seenBy)}`;
    }
  }
}
