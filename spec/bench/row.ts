/** What one line of the benchmark measures, and beside what. A file in `rows/` has one as its default export, or a list of them. */
export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** What the figure should be, in words. */
  readonly goal: string;
  /** Whether it needs HTCondor. */
  readonly needsPool: boolean;
  /** How often it is measured, unless the command line says otherwise. */
  readonly rounds?: number;
  /** Done once before the first round, and not measured: brings what is measured into the state in which users meet it. */
  prepare?(bench: Bench): Promise<void>;
  /** Measures everything once. Ours and that beside it are measured in turn, so that a machine that gets slower does so for both. */
  measure(bench: Bench): Promise<Figures>;
  /** Whether a summary of all rounds is as good as the goal. */
  reached(summary: Summary): boolean;
}

export type Unit =
  'ms' | 's' | 'µs' | 'bytes' | 'objects' | 'files' | 'handles' | 'calls/s' | '% of a core' | 'MB/s';

export interface Figures {
  readonly ours: number;
  /** What others need for the same, by name. */
  readonly beside: Readonly<Record<string, number>>;
}

/** Where a row may work. */
export interface Bench {
  /** Empty at first, for this row alone, where jobs of the pool see it; removed afterwards. */
  readonly directory: string;
  /** Counted from 1. */
  readonly round: number;
  /** Other libraries' checkouts, where the command line gives them. */
  readonly peers: Readonly<Partial<Record<'clusterfutures' | 'htmap', string>>>;
  /** Figures that explain the others, such as the parts of a whole: printed below the table. */
  note(text: string): void;
}

/** What all rounds of a row came to. */
export interface Summary {
  readonly ours: number;
  /** By name: the median, and the median over the rounds of ours divided by theirs. */
  readonly beside: Readonly<Record<string, { readonly median: number; readonly ratio: number }>>;
}

export function summarize(rounds: readonly Figures[]): Summary {
  const names = new Set(rounds.flatMap(({ beside }) => Object.keys(beside)));
  const beside = [...names].map((name) => {
    const both = rounds.flatMap(({ ours, beside: { [name]: theirs } }) =>
      theirs === undefined ? [] : [{ ours, theirs }],
    );
    return [
      name,
      {
        median: median(both.map(({ theirs }) => theirs)),
        ratio: median(both.map(({ ours, theirs }) => ours / theirs)),
      },
    ] as const;
  });
  return { ours: median(rounds.map(({ ours }) => ours)), beside: Object.fromEntries(beside) };
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}
