/** A call that a worker is to make: what a runner of its own would have been told, and a number of the worker's own. */
export interface Assignment {
  /** Counted from 1, in the order in which the worker makes them. */
  readonly number: number;
  readonly key: string;
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
}

/** A line of a worker's inbox. */
export type InboxLine =
  | {
      readonly kind: 'calls';
      readonly assignments: readonly Assignment[];
      /** What came of those before this number is known: nobody asks any more who has taken them. */
      readonly known: number;
    }
  /** There is nothing more to come. */
  | { readonly kind: 'close' };

type Written = { readonly close: true } | { readonly known: number; readonly calls: readonly unknown[][] };

export function encodeInboxLine(line: InboxLine): string {
  const written: Written =
    line.kind === 'close'
      ? { close: true }
      : {
          known: line.known,
          calls: line.assignments.map(({ number, key, batch, offset, length, hash }) => [
            number,
            key,
            batch,
            offset,
            length,
            hash,
          ]),
        };
  return `${JSON.stringify(written)}\n`;
}

/**
 * The whole lines at the beginning of some bytes, and how many of the bytes they take. A line that was torn by a crash is left out; what a
 * network filesystem shows as zeros is not there yet.
 */
export function parseInbox(bytes: Buffer): {
  readonly lines: readonly InboxLine[];
  readonly consumed: number;
} {
  const zeros = bytes.indexOf(0);
  const there = zeros === -1 ? bytes : bytes.subarray(0, zeros);
  const consumed = there.lastIndexOf('\n') + 1;
  const texts = there.toString('utf8', 0, consumed).split('\n');
  return { lines: texts.map((text) => parseLine(text)).filter((line) => line !== undefined), consumed };
}

function parseLine(text: string): InboxLine | undefined {
  let written: Written;
  try {
    written = JSON.parse(text) as Written;
  } catch {
    return undefined;
  }
  if ('close' in written) return { kind: 'close' };
  const assignments = written.calls.map(
    ([number, key, batch, offset, length, hash]) =>
      ({ number, key, batch, offset, length, hash }) as Assignment,
  );
  return { kind: 'calls', assignments, known: written.known };
}
