import { JobControlError } from './errors.ts';
import type { FutureSource, JobControl } from './future-source.ts';

/** @throws {JobControlError} if no batch system runs the call */
export function controlOf({ control, jobId }: FutureSource, action: string): JobControl {
  if (control === undefined) throw new JobControlError(action, jobId, 'no batch system has a job for it');
  return control;
}
