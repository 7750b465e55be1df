import { LocalExecutor } from 'condor-futures';
import type { Figures, Row } from '../row.ts';
import { median } from '../row.ts';

const CALLS = 10_000;

const square = (x: number): number => x * x;

const row: Row = {
  name: 'submit-returns',
  title: `\`submit\` itself, median of ${CALLS}`,
  unit: 'µs',
  goal: '< 20 µs',
  needsPool: false,
  async measure({ directory, note }): Promise<Figures> {
    // One that waits, as none of these calls is to run.
    const executor = new LocalExecutor({ directory, maxInFlight: 1, maxWorkers: 1 });
    const times: number[] = [];
    const futures = Array.from({ length: CALLS }, (_, index) => {
      const start = performance.now();
      const future = executor.submit(square, index);
      times.push((performance.now() - start) * 1000);
      return { future };
    });
    for (const { future } of futures) future.cancel();
    await executor.shutdown();
    const slowest = times.toSorted((a, b) => b - a)[CALLS / 100] as number;
    note(`1 in 100 calls of submit takes more than ${slowest.toFixed(0)} µs`);
    return { ours: median(times), beside: {} };
  },
  reached: ({ ours }) => ours < 20,
};
export default row;
