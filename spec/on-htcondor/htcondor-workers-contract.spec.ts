import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { executorContract } from '../contract/executor-contract.ts';
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
);
