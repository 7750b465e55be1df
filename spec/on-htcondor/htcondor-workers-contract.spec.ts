import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { dependencyErrors } from '../contract/dependency-errors.ts';
import { executorContract } from '../contract/executor-contract.ts';
import { values } from '../contract/values.ts';
import { waits } from '../contract/waits.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';

const options = {
  directory: sharedTemporaryDirectory(),
  submit: { request_memory: 128, request_disk: 1024 },
  workers: { max: 8 },
};

executorContract(
  'HTCondorExecutor',
  (more) => new HTCondorExecutor({ ...options, ...more }),
  options,
  async (id) => HTCondorExecutor.attach(id, options),
  // The submitting program refuses dependencies and waits by itself, and values are the same bytes: the contract of jobs has
  // these. All else is run here, as the contract of local workers leaves much of it out.
  { without: [dependencyErrors, values, waits] },
);
