import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';

/** A daemon that can be killed or stopped; condor_master starts it again some seconds after it was killed. */
export type Daemon = 'schedd' | 'startd' | 'collector' | 'negotiator' | 'shared_port';

/** Refuses to go on where the daemons are not ours to kill. */
export function assertPersonalPool(): string {
  const control = process.env['CONDOR_FUTURES_POOL_CONTROL'];
  if (control !== undefined) return control;
  throw new Error(
    'These specs kill the daemons of HTCondor, so they run only on the personal pool that spec/clusters/with-htcondor.sh makes ' +
      'itself, as root on Debian: not on a pool that others use. Remedy: leave spec/faults out here',
  );
}

/** SIGKILL to a daemon, or to a shadow or starter by its pid. */
export async function kill(what: Daemon | number): Promise<void> {
  await ask(`kill ${what}`);
}

/** The daemon is there, and answers nobody, until {@link resume}. */
export async function stop(daemon: Daemon): Promise<void> {
  await ask(`stop ${daemon}`);
}

export async function resume(daemon: Daemon): Promise<void> {
  await ask(`continue ${daemon}`);
}

/** The limits of the schedd and of condor_submit, such as MAX_JOBS_PER_OWNER; those that are not named are as shipped. */
export async function configure(limits: Readonly<Record<string, number>>): Promise<void> {
  await ask(
    `configure ${Object.entries(limits)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')}`,
  );
}

/** A schedd with an empty queue and no history, which gives all job ids again from 1.0 on. */
export async function renewSchedd(): Promise<void> {
  await ask('renew');
}

/** SIGKILL to all that is HTCondor's, and a new condor_master. */
export async function restartPool(): Promise<void> {
  await ask('restart');
}

/** The shadows that there are, with their jobs. */
export function runningShadows(): { pid: number; jobId: string }[] {
  return processIds().flatMap((pid) => {
    const [program, jobId = ''] = readProcess(pid, 'cmdline').split('\0');
    return program === 'condor_shadow' ? [{ pid, jobId }] : [];
  });
}

/** The pid of the shadow of a job, if it has one now. */
export function shadowOf(jobId: string): number | undefined {
  return runningShadows().find((shadow) => shadow.jobId === jobId)?.pid;
}

/** The pid of the starter of a job's process, if both are there. */
export function starterOf(jobPid: number): number | undefined {
  const parent = /^PPid:\s+(\d+)$/m.exec(readProcess(jobPid, 'status'))?.[1];
  return parent !== undefined && readProcess(Number(parent), 'comm') === 'condor_starter\n'
    ? Number(parent)
    : undefined;
}

/** Asks pool-control.sh, which has the rights. */
async function ask(request: string): Promise<void> {
  const control = assertPersonalPool();
  const id = randomUUID();
  appendFileSync(join(control, 'requests'), `${id} ${request}\n`);
  const answer = join(control, 'answers', id);
  await until(() => existsSync(answer));
  const text = readFileSync(answer, 'utf8').trim();
  if (!text.startsWith('done')) throw new Error(`Asked to ${request}, the pool says: ${text}`);
}

function processIds(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** Empty if the process is gone. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
