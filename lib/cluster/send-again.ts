import type { Job } from './job.ts';
import type { Retry } from './retry.ts';
import type { TrackerHost } from './tracker-host.ts';

type Host = Pick<TrackerHost, 'resubmit'>;

/** Another job makes the call of one that has failed. */
export function sendAgain(host: Host, job: Job, retry: Retry): void {
  const { call } = job;
  call.jobId = undefined;
  call.setState('pending');
  job.archived = host.resubmit(call, retry);
  job.archived.catch(() => {});
}

/** As {@link sendAgain}, for a job that has not begun, and so does not count as one of its call's tries. */
export function sendInstead(host: Host, job: Job): void {
  job.call.growths += 1;
  sendAgain(host, job, { delay: 0, avoidHost: 0, memory: undefined });
}
