import { readFile } from 'node:fs/promises';
import { journalFile } from './names.ts';

type Value = string | number | boolean;
type Varied = Readonly<Record<string, readonly Value[]>> | undefined;

/** A line of the journal. `submitting` is on the disk before the batch system is asked for the jobs. */
export type JournalEntry =
  | {
      readonly event: 'submitting';
      readonly submission: number;
      /** By journalJob(). */
      readonly jobs: readonly string[];
      readonly submit: Readonly<Record<string, Value>>;
      /** What each job has besides, by name: the values in the order of the jobs. */
      readonly varied?: Varied;
    }
  | { readonly event: 'submitted'; readonly submission: number; readonly ids: readonly string[] }
  /** There were too many at once, or in the queue: its calls are still to be submitted. */
  | { readonly event: 'postponed'; readonly submission: number }
  | { readonly event: 'refused'; readonly submission: number; readonly error: string }
  /** Calls of which another job set had outcomes: they have no jobs. */
  | {
      readonly event: 'reused';
      readonly jobs: readonly string[];
      readonly submit: Readonly<Record<string, Value>>;
      readonly varied?: Varied;
    }
  /** Calls that are still to be submitted, under these keys; perhaps once more, as they failed. */
  | {
      readonly event: 'waiting';
      readonly jobs: readonly string[];
      readonly submit: Readonly<Record<string, Value>>;
      readonly varied?: Varied;
    }
  /** Of a map: the inputs of so many components are on the disk, and what the journal says of each is before this line. */
  | { readonly event: 'components'; readonly count: number }
  /** The executor was shut down: nothing is awaited any more. */
  | { readonly event: 'closed' };

/** A job as the journal has it: what the runner is told, and whether it is one call or a chunk of some. */
export interface JournalJob {
  readonly key: string;
  readonly batch: number;
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
  /** 0 for a call that is no chunk. */
  readonly items: number;
  /** How many of its call's earlier attempts were made for more memory. */
  readonly growths: number;
  /** As in an InputLocation. */
  readonly travels?: readonly string[] | undefined;
  /** The results of other calls that it needs, by resultName(). */
  readonly needs?: readonly string[] | undefined;
}

export function journalJob({
  key,
  batch,
  offset,
  length,
  hash,
  items,
  growths,
  travels = [],
  needs = [],
}: JournalJob): string {
  const words = [key, batch, offset, length, hash, items, growths];
  // None of these has a space or a comma.
  const travelling = travels.length === 0 ? [] : [`travels:${travels.join(',')}`];
  const needed = needs.length === 0 ? [] : [`needs:${needs.join(',')}`];
  return [...words, ...travelling, ...needed].join(' ');
}

export function parseJournalJob(text: string): JournalJob {
  const [key = '', batch, offset, length, hash = '', items, growths, ...more] = text.split(' ');
  const listOf = (name: string): string[] | undefined =>
    more
      .find((word) => word.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .split(',');
  return {
    key,
    batch: Number(batch),
    offset: Number(offset),
    length: Number(length),
    hash,
    items: Number(items),
    growths: Number(growths),
    travels: listOf('travels'),
    needs: listOf('needs') ?? [],
  };
}

/** The entries of a journal; a line that is not whole, as after a crash, is none. */
export async function readJournal(directory: string): Promise<(JournalEntry & { readonly time: string })[]> {
  const text = await readFile(journalFile(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as JournalEntry & { time: string }];
    } catch {
      return [];
    }
  });
}
