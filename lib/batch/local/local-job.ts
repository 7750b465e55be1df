import { constants, hostname } from 'node:os';
import type { ClassAd } from '../../base/class-ad.ts';
import { scriptFile } from '../../job-set/names.ts';
import type { JobBatch, JobEvent } from '../batch-system.ts';
import type { ProcessGroup } from './process-group.ts';

/** A job that runs on this machine. `held`: its process could not be started. */
export interface LocalJob {
  readonly id: string;
  readonly batch: JobBatch;
  readonly job: JobBatch['jobs'][number];
  readonly submittedAt: Date;
  state: 'queued' | 'running' | 'suspended' | 'held' | 'ended';
  processes?: ProcessGroup;
  startedAt?: Date;
  endedAt?: Date;
  /** Whether it was removed while it ran. */
  isRemoved?: boolean;
  /** How it ended, or why it is held. */
  end?: Extract<JobEvent, { kind: 'held' | 'removed' | 'ended' }>;
}

/** The shell command of a job. */
export function commandFor({ batch, job }: LocalJob): readonly string[] {
  return ['/bin/sh', scriptFile(batch.jobSet.directory), ...job.arguments];
}

/** The job event for the end of a job's first process. */
export function endOf(
  { id, isRemoved }: LocalJob,
  exitCode: number | null,
  signal: NodeJS.Signals | null,
): NonNullable<LocalJob['end']> {
  if (isRemoved === true) return { jobId: id, kind: 'removed', reason: 'removed while it ran' };
  return signal === null
    ? { jobId: id, kind: 'ended', exitCode: exitCode ?? 0 }
    : { jobId: id, kind: 'ended', signal: constants.signals[signal] };
}

/** JobStatus as HTCondor numbers it. */
const STATUS = { queued: 1, running: 2, suspended: 7, held: 5 } as const;
const REMOVED = 3;
const COMPLETED = 4;

/** The ClassAd of a job, with the attributes that have a meaning on this machine. */
export function classAdOf(job: LocalJob): ClassAd {
  const { id, batch, state, startedAt, endedAt, end, processes } = job;
  const ended = end?.kind === 'removed' ? REMOVED : COMPLETED;
  const attributes = {
    GlobalJobId: id,
    JobStatus: state === 'ended' ? ended : STATUS[state],
    Cmd: commandFor(job)[1],
    Args: job.job.arguments.join(' '),
    Iwd: batch.cwd,
    JobBatchName: batch.jobSet.id,
    QDate: seconds(job.submittedAt),
    JobStartDate: seconds(startedAt),
    CompletionDate: seconds(endedAt),
    JobPid: processes?.pid,
    RemoteHost: startedAt && hostname(),
    ExitCode: end?.kind === 'ended' ? end.exitCode : undefined,
    ExitSignal: end?.kind === 'ended' ? end.signal : undefined,
    HoldReason: end?.kind === 'held' ? end.reason : undefined,
    RemoveReason: end?.kind === 'removed' ? end.reason : undefined,
  };
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/**
 * Explains in plain text why a job does not run.
 * @param before number of jobs queued before it
 */
export function explainJob(
  { id, state, processes, end }: LocalJob,
  before: number,
  maxWorkers: number,
): string {
  switch (state) {
    case 'queued':
      return `Job ${id} waits for one of ${maxWorkers} workers (\`maxWorkers\`); before it wait: ${before}`;
    case 'running':
      return `Job ${id} is running on this machine, as process ${String(processes?.pid)}`;
    case 'suspended':
      return `Job ${id} is suspended, as process ${String(processes?.pid)}: future.continue() lets it go on`;
    case 'held':
      return `Job ${id} is held: ${end?.kind === 'held' ? end.reason : ''}`;
    case 'ended':
      return `Job ${id} has ended: ${describeEnd(end)}`;
  }
}

function describeEnd(end: LocalJob['end']): string {
  if (end?.kind !== 'ended') return end?.reason ?? 'it is not known how';
  return end.signal === undefined ? `exit code ${String(end.exitCode)}` : `signal ${end.signal}`;
}

function seconds(date: Date | undefined): number | undefined {
  return date && Math.floor(date.getTime() / 1000);
}
