import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { attach } from '../contract/attach.ts';
import { closures } from '../contract/closures.ts';
import { dependencies } from '../contract/dependencies.ts';
import { dependencyErrors } from '../contract/dependency-errors.ts';
import { errors } from '../contract/errors.ts';
import { executorContract } from '../contract/executor-contract.ts';
import { filesOfCalls } from '../contract/files-of-calls.ts';
import { maps } from '../contract/maps.ts';
import { programs } from '../contract/programs.ts';
import { shutdown } from '../contract/shutdown.ts';
import { values } from '../contract/values.ts';
import { waits } from '../contract/waits.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const options = { directory: temporaryDirectory(), maxWorkers: 4, workers: { max: 4 } };

// What stays is what a worker does otherwise than a job of its own, or what a call can do to the calls after it:
// - submission: calls are assigned, in their order, instead of submitted
// - deaths: a call ends the process of others
// - cancellation, control: there is no job of the call to remove, hold or suspend
// - jobOptions: attempts are counted without jobs
// - futures, files: output is captured per call, and there is a file of it only where there is output
// - inside: state of the job belongs to one call of the process at a time
executorContract(
  'LocalExecutor',
  (more) => new LocalExecutor({ ...options, ...more }),
  options,
  async (id) => LocalExecutor.attach(id, options),
  {
    without: [
      // The program that submits does these alone, whoever makes its calls: the contract of jobs has them.
      dependencies,
      dependencyErrors,
      waits,
      // The same code of the runner makes these of the same bytes.
      closures,
      errors,
      filesOfCalls,
      maps,
      values,
      // What is special about them for workers is in local-workers.spec.ts; on a pool, the contract of workers has them.
      attach,
      programs,
      shutdown,
    ],
  },
);
