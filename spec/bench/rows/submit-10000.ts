import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { HTCondorExecutor } from 'condor-futures';
import type { Bench, Figures, Row } from '../row.ts';

const CALLS = 10_000;
/** No machine is like that: what is measured is how jobs come into the queue. */
const submit = { request_memory: 128, request_disk: 1024, requirements: 'TARGET.CondorFuturesBench is 7' };

const square = (x: number): number => x * x;

const row: Row = {
  name: 'submit-10000',
  title: `${CALLS} \`submit\` calls of one function, until all are in the queue`,
  unit: 's',
  goal: '≤ 1.3 × bare condor_submit of as many procs, and writing the same bytes',
  needsPool: true,
  rounds: 3,
  async prepare(bench) {
    await futures(bench);
  },
  async measure(bench): Promise<Figures> {
    // In turn: the schedd is slower while it removes jobs, so each waits for an empty queue first.
    const first = bench.round % 2 === 0 ? bareJobs(bench) : undefined;
    const ours = await futures(bench);
    return { ours, beside: { 'bare condor_submit': first ?? bareJobs(bench) } };
  },
  reached: ({ beside }) => (beside['bare condor_submit']?.ratio ?? Infinity) <= 1.3,
};
export default row;

/** In seconds; and how many bytes the calls are on the disk. */
async function futures(bench: Bench): Promise<number> {
  const executor = new HTCondorExecutor({ directory: bench.directory, submit });
  const start = performance.now();
  const pending = Array.from({ length: CALLS }, (_, index) => executor.submit(square, index));
  const called = performance.now();
  while (pending.at(-1)?.jobId === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  const time = performance.now() - start;
  bench.note(`round ${bench.round}: the calls of submit took ${Math.round(called - start)} ms`);
  bytes = inputBytes(executor.jobSetDirectory as string);
  const id = `CondorFuturesJobSet == "${executor.id}"`;
  await executor.shutdown({ cancelFutures: true });
  emptyQueue(id);
  return time / 1000;
}

let bytes = 0;

function inputBytes(directory: string): number {
  const inputs = join(directory, 'inputs');
  return readdirSync(inputs).reduce((sum, name) => sum + statSync(join(inputs, name)).size, 0);
}

/** As a user would by hand, with a line of arguments and standard files for each job. */
function bareJobs({ directory }: Bench): number {
  const own = mkdtempSync(join(directory, 'bare-'));
  const payload = Buffer.alloc(bytes, 'x');
  const description = `
executable = ${process.execPath}
transfer_executable = false
arguments = ${own}/task.cjs $(Process)
log = ${own}/log
output = ${own}/$(Process).out
error = ${own}/$(Process).err
My.CondorFuturesBench = "${own}"
${Object.entries(submit)
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
queue ${CALLS}
`;
  const start = performance.now();
  const file = openSync(join(own, 'payload'), 'w');
  writeSync(file, payload);
  fsyncSync(file);
  closeSync(file);
  execFileSync('condor_submit', ['-terse'], { input: description });
  const time = performance.now() - start;
  execFileSync('condor_rm', ['-constraint', `CondorFuturesBench == "${own}"`]);
  emptyQueue(`CondorFuturesBench == "${own}"`);
  return time / 1000;
}

function emptyQueue(constraint: string): void {
  while (
    execFileSync('condor_q', ['-constraint', constraint, '-af', 'ProcId'], { maxBuffer: 2 ** 28 }).length > 0
  )
    execFileSync('sleep', ['0.5']);
}
