// Times N no-op futures on HTCondor beside a bare condor_submit of N jobs that start the same node with an empty script,
// in turn, in one run: `npm run bench`, or `npm run bench -- --jobs 500 --rounds 5`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { HTCondorExecutor } from 'condor-futures';

const { values } = parseArgs({
  options: { jobs: { type: 'string', default: '200' }, rounds: { type: 'string', default: '3' } },
});
const jobs = Number(values.jobs);
const rounds = Number(values.rounds);
const directory = mkdtempSync(join(process.env['CONDOR_FUTURES_SHARED'] ?? homedir(), 'bench-'));
const submit = { request_memory: 128, request_disk: 1024 };

/** From `submit` to the last value; and until the executor is shut down. */
async function futures(): Promise<number[]> {
  const start = performance.now();
  const executor = new HTCondorExecutor({ directory, submit });
  await Promise.all(Array.from({ length: jobs }, () => executor.submit(() => {})));
  const resolved = performance.now() - start;
  await executor.shutdown();
  return [resolved, performance.now() - start];
}

/** From condor_submit to the end of the last job in the event log, as condor_wait tells it. */
function bareJobs(round: number): number[] {
  const own = join(directory, `bare${round}`);
  mkdirSync(own);
  writeFileSync(join(own, 'empty.cjs'), '');
  const description = `
executable = ${process.execPath}
transfer_executable = false
arguments = ${own}/empty.cjs
log = ${own}/log
output = ${own}/$(Process).out
error = ${own}/$(Process).err
request_memory = ${submit.request_memory}
request_disk = ${submit.request_disk}
queue ${jobs}
`;
  const start = performance.now();
  execFileSync('condor_submit', ['-terse'], { input: description });
  execFileSync('condor_wait', [`${own}/log`]);
  return [performance.now() - start];
}

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

const bare: number[] = [];
const resolved: number[] = [];
const shutDown: number[] = [];
bareJobs(0); // warms the pool up
for (let round = 1; round <= rounds; round += 1) {
  const [ended] = bareJobs(round) as [number];
  const [value, end] = (await futures()) as [number, number];
  bare.push(ended);
  resolved.push(value);
  shutDown.push(end);
  console.log(
    `round ${round}: ${jobs} bare jobs ${seconds(ended)}, ${jobs} futures ${seconds(value)}, shut down ${seconds(end)}`,
  );
}
const ratio = median(resolved.map((value, index) => value / (bare[index] as number)));
console.log(
  `median: bare ${seconds(median(bare))}, futures ${seconds(median(resolved))}, shut down ${seconds(median(shutDown))}; ` +
    `futures / bare, round by round: ${ratio.toFixed(2)}`,
);
rmSync(directory, { recursive: true });
