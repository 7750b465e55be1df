import { ShutdownError } from '../errors.ts';
import { isLoadingModules } from '../payload/loading-modules.ts';
import { JOB_VARIABLE } from '../payload/job-variable.ts';

/**
 * A job that loads a module which imports the program would submit everything once more.
 * @throws {ShutdownError} in such a job
 */
export function refuseWhileLoading(): void {
  if (!isLoadingModules() || process.env[JOB_VARIABLE] === undefined) return;
  throw new ShutdownError(
    'An executor is made while a job loads a module: the module imports a program that submits jobs. Remedy: move what jobs need ' +
      'to a module of its own, or submit only where the file is run itself: if (process.argv[1] === import.meta.filename)',
  );
}
