import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, type ProgramResult } from '../support/run-program.ts';
import { until } from '../support/until.ts';
import { Random } from './random.ts';

/** A program of many calls that is killed again and again, and each time goes on where it was. */
export interface CrashPlan {
  readonly directory: string;
  readonly calls: number;
  readonly seed: number;
  /** How often the program is killed before it may end by itself. */
  readonly crashes: number;
}

/** What has come of it. */
export interface CrashFigures {
  readonly crashes: number;
  /** How many of the calls were in the queue or done when the program was killed for the first time. */
  readonly submitted: number;
  /** Calls whose future had another value than it should, or none. */
  readonly wrong: readonly number[];
  /** Calls that were made more than once, or never. */
  readonly doubled: readonly number[];
  readonly lost: readonly number[];
}

const OPTIONS = { submit: { request_memory: 64, request_disk: 1024 } };

/** Kills -9 at random instants, from the first line that the program says on; the last run of it tells the results. */
export async function runCrashes({ directory, calls, seed, crashes }: CrashPlan): Promise<CrashFigures> {
  const random = new Random(seed);
  const files = join(directory, `crashes-${seed}`);
  mkdirSync(files);
  writeFileSync(join(files, 'runs'), '');
  let id = '';
  let submitted = 0;
  for (let crash = 0; crash < crashes; crash += 1) {
    const program = startProgram(programOf(directory, files, calls, id));
    await program.printed('id ');
    const killAt = performance.now() + random.between(0, crash === 0 ? 2500 : 1200);
    await until(() => performance.now() >= killAt);
    program.signal('SIGKILL');
    id = idOf(await program.ended);
    submitted ||= madeBy(files).length;
  }
  const { stdout, stderr } = await startProgram(programOf(directory, files, calls, id)).ended;
  const values = JSON.parse(/^values (.*)$/m.exec(stdout)?.[1] ?? `["${stderr}"]`) as unknown[];
  const made = madeBy(files);
  const times = (n: number): number => made.filter((other) => other === n).length;
  const all = Array.from({ length: calls }, (_, n) => n);
  return {
    crashes,
    submitted,
    wrong: all.filter((n) => values[n] !== n * 2),
    doubled: all.filter((n) => times(n) > 1),
    lost: all.filter((n) => times(n) === 0),
  };
}

/** The first time it submits all calls; later it attaches. */
function programOf(directory: string, files: string, calls: number, id: string): string {
  const options = JSON.stringify({ ...OPTIONS, directory });
  const open =
    id === ''
      ? `const executor = new HTCondorExecutor(${options});
         const futures = Array.from({ length: ${calls} }, (_, n) => executor.submit(call, n));
         while (futures.some(({ jobId }) => jobId === undefined)) await new Promise((resolve) => setTimeout(resolve, 5));`
      : `const executor = await HTCondorExecutor.attach(${JSON.stringify(id)}, ${options});
         const { futures } = executor;`;
  return `const { HTCondorExecutor } = condorFutures;
    const call = async (n) => {
      const { appendFileSync } = await import('node:fs');
      appendFileSync(${JSON.stringify(join(files, 'runs'))}, n + '\\n');
      await new Promise((resolve) => setTimeout(resolve, (n * 37) % 700));
      return n * 2;
    };
    ${open}
    console.log('id ' + executor.id + '.');
    console.log('values ' + JSON.stringify(await Promise.all(futures)));
    await executor.shutdown();`;
}

function idOf({ stdout }: ProgramResult): string {
  return /^id (.*)\.$/m.exec(stdout)?.[1] ?? '';
}

function madeBy(files: string): number[] {
  return readFileSync(join(files, 'runs'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}
