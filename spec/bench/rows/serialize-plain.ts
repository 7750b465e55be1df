import * as v8 from 'node:v8';
import { deserialize, serialize } from 'condor-futures/payload';
import type { Figures, Row } from '../row.ts';

interface Kind {
  readonly title: string;
  make(): unknown;
  /** How v8 alone reads it, where there is more to that than to call it. */
  read?(bytes: Buffer): unknown;
}

const list = <T>(length: number, element: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => element(index));

const KINDS: Readonly<Record<string, Kind>> = {
  'typed-array': {
    title: 'a typed array, 64 MB',
    make: () => new Float64Array(8_000_000).fill(1 / 7),
    // What v8 gives is a view of the bytes that it read, which are then somebody else's too.
    read: (bytes) => (v8.deserialize(bytes) as Float64Array).slice(),
  },
  numbers: {
    title: 'a list of 1,000,000 numbers, 9 MB',
    make: () => list(1_000_000, (index) => index / 7),
  },
  text: { title: 'a text of 20 MB', make: () => 'some text '.repeat(2_000_000) },
  strings: { title: '200,000 strings, 4 MB', make: () => list(200_000, (index) => `string number ${index}`) },
  records: {
    title: '50,000 small objects, 3 MB',
    make: () => list(50_000, (id) => ({ id, name: `name ${id}`, x: id / 7, tags: ['a', 'b'] })),
  },
  map: {
    title: 'a Map of 100,000, 2 MB',
    make: () => new Map(list(100_000, (index) => [index, `value ${index}`])),
  },
};

const TIMES = 7;

/** The best of a few of each, in turn, in milliseconds: what the garbage of others costs is left out. */
async function compare(ours: () => unknown, alone: () => unknown): Promise<Figures> {
  const best = [Infinity, Infinity] as [number, number];
  for (let time = 0; time < TIMES; time += 1) {
    for (const [index, act] of [ours, alone].entries()) {
      const start = performance.now();
      await act();
      best[index] = Math.min(best[index] as number, performance.now() - start);
    }
  }
  return { ours: best[0], beside: { 'v8 alone': best[1] } };
}

function rowsOf(
  name: string,
  { title, make, read = (bytes) => v8.deserialize(bytes) as unknown }: Kind,
): Row[] {
  let value: unknown;
  let bytes: Buffer;
  const common = {
    unit: 'ms',
    goal: '≤ 1.1 × v8 alone',
    needsPool: false,
    rounds: 5,
    async prepare(): Promise<void> {
      value = make();
      bytes = v8.serialize(value);
    },
    reached: ({ beside }) => (beside['v8 alone']?.ratio ?? Infinity) <= 1.1,
  } satisfies Partial<Row>;
  return [
    {
      ...common,
      name: `serialize-${name}`,
      title: `serialize ${title}`,
      measure: async () =>
        compare(
          () => serialize(value),
          () => v8.serialize(value),
        ),
    },
    {
      ...common,
      name: `deserialize-${name}`,
      title: `deserialize ${title}`,
      measure: async () =>
        compare(
          async () => deserialize(bytes),
          () => read(bytes),
        ),
    },
  ];
}

const rows: Row[] = Object.entries(KINDS).flatMap(([name, kind]) => rowsOf(name, kind));
export default rows;
