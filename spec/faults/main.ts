import { parseArgs } from 'node:util';
import { homedir } from 'node:os';
import { assertPersonalPool } from '../support/pool-control.ts';
import { runCrashes } from './crashes.ts';
import { runSuite, type Figures } from './suite.ts';

/**
 * Thousands of calls while daemons and jobs are killed, and an account of every one; then a program of a fifth as many calls that is killed
 * again and again, and attaches each time:
 *
 *     npm run test:faults -- [--calls 5000] [--seed 1] [--minutes 30] [--crashes 20]
 */
async function main(): Promise<void> {
  assertPersonalPool();
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '30' },
      crashes: { type: 'string', default: '20' },
    },
  });
  const directory = process.env['CONDOR_FUTURES_SHARED'] ?? homedir();
  const [calls, seed] = [Number(values.calls), Number(values.seed)];
  const figures = await runSuite({
    calls,
    seed,
    directory,
    longest: Number(values.minutes) * 60_000,
  });
  console.table(rowsOf(figures));
  const broken = [...figures.hung, ...figures.lost, ...figures.doubled];
  for (const line of broken) console.log(line);
  const plan = { directory, seed, calls: Math.round(calls / 5), crashes: Number(values.crashes) };
  const { wrong, doubled, lost, ...crashes } = await runCrashes(plan);
  console.table({ ...crashes, wrong: wrong.length, doubled: doubled.length, lost: lost.length });
  const isBroken = broken.length + figures.left + wrong.length + doubled.length + lost.length > 0;
  process.exit(isBroken ? 1 : 0);
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
