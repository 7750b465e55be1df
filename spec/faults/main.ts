import { parseArgs } from 'node:util';
import { homedir } from 'node:os';
import { assertPersonalPool } from '../support/pool-control.ts';
import { runSuite, type Figures } from './suite.ts';

/**
 * Thousands of calls while daemons and jobs are killed, and an account of every one:
 *
 *     npm run test:faults -- [--calls 5000] [--seed 1] [--minutes 30]
 */
async function main(): Promise<void> {
  assertPersonalPool();
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '30' },
    },
  });
  const figures = await runSuite({
    calls: Number(values.calls),
    seed: Number(values.seed),
    directory: process.env['CONDOR_FUTURES_SHARED'] ?? homedir(),
    longest: Number(values.minutes) * 60_000,
  });
  console.table(rowsOf(figures));
  const broken = [...figures.hung, ...figures.lost, ...figures.doubled];
  for (const line of broken) console.log(line);
  process.exit(broken.length > 0 || figures.left > 0 ? 1 : 0);
}

function rowsOf(figures: Figures): Record<string, number> {
  const faults = [...figures.faults].map(([kind, count]) => [`faults: ${kind}`, count] as const);
  return {
    calls: figures.calls,
    jobs: figures.jobs,
    runs: figures.runs,
    ...Object.fromEntries(faults),
    hung: figures.hung.length,
    lost: figures.lost.length,
    doubled: figures.doubled.length,
    'left in the queue': figures.left,
    seconds: Math.round(figures.milliseconds / 1000),
  };
}

await main();
