import { HTCondorExecutor } from '../../lib/htcondor-executor.ts';
import { executorContract } from '../executor-contract.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';

const options = {
  directory: sharedTemporaryDirectory(),
  filesystem: 'transfer',
  submit: { request_memory: 128, request_disk: 1024 },
} as const;

executorContract(
  'HTCondorExecutor',
  (more) => new HTCondorExecutor({ ...options, ...more }),
  options,
  async (id) => HTCondorExecutor.attach(id, options),
  { stream_output: true, stream_error: true },
);
