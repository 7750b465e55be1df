import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { closures } from '../contract/closures.ts';
import { dependencyErrors } from '../contract/dependency-errors.ts';
import { errors } from '../contract/errors.ts';
import { maps } from '../contract/maps.ts';
import { programs } from '../contract/programs.ts';
import { shutdown } from '../contract/shutdown.ts';
import { waits } from '../contract/waits.ts';
import { executorContract } from '../contract/executor-contract.ts';
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
  {
    following: { stream_output: true, stream_error: true },
    without: [closures, dependencyErrors, errors, maps, programs, shutdown, waits],
  },
);
