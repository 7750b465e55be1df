import { join } from 'node:path';
import { renameSync, writeFileSync } from 'node:fs';
import { ClusterExecutor } from '../../../lib/cluster/cluster-executor.ts';
import { resolveOptions } from '../../../lib/cluster/cluster-options.ts';
import { outcomeFile } from '../../../lib/job-set/names.ts';
import { encodeOutcome } from '../../../lib/payload/call.ts';
import { ScriptedSystem } from '../../support/scripted-system.ts';
import { median, type Row } from '../row.ts';

const SAMPLES = 60;
const SWEEP_MS = 200;

/** The milliseconds from the renaming of each outcome to the value of its future; nothing else happens. */
async function waits(directory: string, watch: 'events' | 'sweep'): Promise<number[]> {
  const options = { directory: join(directory, watch), watch, sweepInterval: SWEEP_MS };
  const system = new ScriptedSystem();
  const executor = new ClusterExecutor(system, resolveOptions('HTCondorExecutor', options, {}));
  const futures = Array.from({ length: SAMPLES }, () => executor.submit(() => 0));
  while (futures.at(-1)?.jobId === undefined) await pause(10);
  // Until listings are as rare as they get.
  await pause(1000);
  const found: number[] = [];
  for (const [index, future] of futures.entries()) {
    await pause(Math.random() * SWEEP_MS);
    const file = outcomeFile(executor.jobSetDirectory as string, String(index + 1));
    writeFileSync(`${file}.x.tmp`, OUTCOME, { mode: 0o600 });
    const start = performance.now();
    renameSync(`${file}.x.tmp`, file);
    await future;
    found.push(performance.now() - start);
  }
  system.endAll();
  await executor.shutdown();
  return found;
}

const OUTCOME = encodeOutcome({
  items: [{ primitive: 7 }],
  host: 'node7.example.org',
  pid: 4711,
  nodeVersion: process.version,
  startedAt: 1,
  endedAt: 2,
  userCpuMs: 40,
  systemCpuMs: 10,
  peakMemoryBytes: 50_000_000,
});

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const rows: Row[] = [
  {
    name: 'notice-events',
    title: `outcome renamed to future resolved, by file events (median of ${SAMPLES})`,
    unit: 'ms',
    goal: '< 10 ms',
    needsPool: false,
    measure: async ({ directory, round }) => ({
      ours: median(await waits(join(directory, String(round)), 'events')),
      beside: {},
    }),
    reached: ({ ours }) => ours < 10,
  },
  {
    name: 'notice-sweep',
    title: `the same by listings every ${SWEEP_MS} ms alone (the longest of ${SAMPLES})`,
    unit: 'ms',
    goal: `< ${SWEEP_MS} + 10 ms`,
    needsPool: false,
    measure: async ({ directory, round }) => ({
      ours: Math.max(...(await waits(join(directory, String(round)), 'sweep'))),
      beside: {},
    }),
    reached: ({ ours }) => ours < SWEEP_MS + 10,
  },
];
export default rows;
