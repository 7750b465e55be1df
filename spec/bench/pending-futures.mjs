// Measures the cost of N pending futures, and how fast they settle: `node --expose-gc pending-futures.mjs DIRECTORY N MODULE…`,
// where the modules are those that rows/pending.ts names. It is a program of its own, so that its memory and handles are those
// of condor-futures alone. Its batch system queues jobs that never run; this program writes their outcomes and events as real
// jobs leave them, while nothing else of it runs. Prints its figures as JSON.
import { appendFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [directory, count, ...modules] = process.argv.slice(2);
const [{ parseEventLog }, { ClusterExecutor }, { resolveOptions }, { encodeOutcome }] = await Promise.all(
  modules.map((module) => import(module)),
);
const CALLS = Number(count);
const IDLE_MS = 10_000;

let queued = 0;
const system = {
  name: 'nothing runs',
  events: { kind: 'log', parse: parseEventLog },
  checkSubmitOptions() {},
  checkPlace() {},
  submit: async ({ jobs }) => jobs.map(() => `1.${queued++}`),
  find: async () => [],
  remove: async () => {},
  status: async (ids) => new Map(ids.map((jobId) => [jobId, { jobId, kind: 'queued' }])),
  act: async () => new Map(),
  analyze: async () => undefined,
  describe: async () => new Map(),
  close: async () => {},
};
const executor = new ClusterExecutor(system, resolveOptions('HTCondorExecutor', { directory }, {}));
const double = (x) => x * 2;

const first = executor.submit(double, 0);
await until(() => first.jobId !== undefined);
const before = heap();
const futures = Array.from({ length: CALLS - 1 }, (_, index) => executor.submit(double, index + 1));
await until(() => futures.at(-1)?.jobId !== undefined);
await pause(1000);
const bytes = (heap() - before) / (CALLS - 1);
// The listing has one of its own.
const handles = readdirSync('/proc/self/fd').length - 1;

const [cpu, start] = [process.cpuUsage(), performance.now()];
await pause(IDLE_MS);
const { user, system: kernel } = process.cpuUsage(cpu);
const idle = (user + kernel) / 10 / (performance.now() - start);

const jobSet = executor.jobSetDirectory;
writeOutcomes();
const exist = performance.now();
await Promise.all([first, ...futures]);
const settled = (performance.now() - exist) / 1000;
// Seldom, as the listing of very many takes long.
await until(() => files() < 100, 3000);
console.log(JSON.stringify({ bytes, handles, idle, settled, files: files() }));
await executor.shutdown();

function heap() {
  for (let times = 0; times < 3; times += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function files() {
  return readdirSync(directory, { recursive: true }).length;
}

async function until(condition, interval = 100) {
  while (!condition()) await pause(interval);
}

async function pause(ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function writeOutcomes() {
  let events = '';
  for (let call = 1; call <= CALLS; call += 1) {
    for (const log of ['out', 'err'])
      writeFileSync(join(jobSet, 'logs', `${call}.${log}`), '', { mode: 0o600 });
    const file = join(jobSet, 'outcomes', String(call));
    writeFileSync(`${file}.x.tmp`, outcomeOf(call), { mode: 0o600 });
    renameSync(`${file}.x.tmp`, file);
    events += eventsOf(call);
    if (events.length < 1_000_000 && call < CALLS) continue;
    appendFileSync(join(jobSet, 'events.log'), events);
    events = '';
  }
}

function outcomeOf(call) {
  return encodeOutcome({
    items: [{ primitive: 2 * (call - 1) }],
    host: 'node7.example.org',
    pid: 4711,
    nodeVersion: process.version,
    startedAt: Date.now() - 1,
    endedAt: Date.now(),
    userCpuMs: 40,
    systemCpuMs: 10,
    peakMemoryBytes: 50_000_000,
  });
}

/** As HTCondor 23 writes them. */
function eventsOf(call) {
  const job = `(1.${call - 1}.000) 2026-11-21 16:00:00`;
  return `001 ${job} Job executing on host: <127.0.0.1:9618?addrs=127.0.0.1-9618&alias=node7.example.org>
\tSlotName: slot1_1@node7.example.org
\tCondorScratchDir = "/var/lib/condor/execute/dir_4711"
\tCpus = 1
\tDisk = 1024
\tMemory = 128
...
005 ${job} Job terminated.
\t(1) Normal termination (return value 0)
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Run Remote Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Run Local Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Total Remote Usage
\t\tUsr 0 00:00:00, Sys 0 00:00:00  -  Total Local Usage
\t0  -  Run Bytes Sent By Job
\t0  -  Run Bytes Received By Job
\t0  -  Total Bytes Sent By Job
\t0  -  Total Bytes Received By Job
\tPartitionable Resources :    Usage  Request Allocated
\t   Cpus                 :                 1         1
\t   Disk (KB)            :        8     1024      1024
\t   Memory (MB)          :        0      128       128

\tJob terminated of its own accord at 2026-11-21T16:00:00Z with exit-code 0.
...
`;
}
