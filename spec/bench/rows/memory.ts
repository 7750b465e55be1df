import { heldByAsCompleted, mostHeldByMap } from '../../futures/census.ts';
import { growthOf } from '../../payload/inspect/growth.ts';
import type { Row } from '../row.ts';

// Specs do a tenth of these.

const BUFFER = 10;
const common = { needsPool: false, rounds: 1 } as const;

const rows: Row[] = [
  {
    ...common,
    name: 'held-by-map',
    title: 'items, futures or results held by a map of 2,000, ordered or not, in chunks or not',
    unit: 'objects',
    goal: '≤ 5 beside its buffer of 10',
    async measure() {
      const kinds = [{}, { ordered: false }, { chunkSize: 5 }, { onError: 'continue' as const }];
      const held: number[] = [];
      for (const kind of kinds) held.push(await mostHeldByMap({ bufferSize: BUFFER, ...kind }, 2000));
      return { ours: Math.max(...held) - BUFFER, beside: {} };
    },
    reached: ({ ours }) => ours <= 5,
  },
  {
    ...common,
    name: 'held-by-as-completed',
    title: 'futures held of 1,000 that asCompleted has yielded',
    unit: 'objects',
    goal: '≤ 2',
    measure: async () => ({ ours: await heldByAsCompleted(1000), beside: {} }),
    reached: ({ ours }) => ours <= 2,
  },
  {
    ...common,
    name: 'growth-by-looking',
    title: 'heap that is left of looking inside of 4,000 functions',
    unit: 'bytes',
    goal: '< 1 MB',
    measure: async () => ({ ours: growthOf('looking', 100, 4000), beside: {} }),
    reached: ({ ours }) => ours < 1e6,
  },
  {
    ...common,
    name: 'growth-by-entering',
    title: 'heap that is left of entering 400 functions',
    unit: 'bytes',
    goal: '< 5 MB',
    measure: async () => ({ ours: growthOf('entering', 100, 20), beside: {} }),
    reached: ({ ours }) => ours < 5e6,
  },
];
export default rows;
