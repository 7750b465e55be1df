import { Functions } from '../../../lib/cluster/calls/functions.ts';
import type { Row } from '../row.ts';

const TIMES = 100_000;

const row: Row = {
  name: 'submit-again',
  title: 'telling that a function is as it was, each of 100,000 times, so that it is captured once',
  unit: 'µs',
  goal: '< 20 µs',
  needsPool: false,
  async measure() {
    const functions = new Functions({});
    const list = [1];
    const table = new Map([['a', 1]]);
    const fn = (): unknown[] => [list.length, table.get('a')];
    const written = functions.write(fn);
    const start = performance.now();
    let others = 0;
    for (let count = 0; count < TIMES; count += 1) if (functions.write(fn) !== written) others += 1;
    const milliseconds = performance.now() - start;
    if (others > 0) throw new Error(`${others} of ${TIMES} times it was captured again`);
    return { ours: (milliseconds * 1000) / TIMES, beside: {} };
  },
  reached: ({ ours }) => ours < 20,
};
export default row;
