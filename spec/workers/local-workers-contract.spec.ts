import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { executorContract } from '../contract/executor-contract.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const options = { directory: temporaryDirectory(), maxWorkers: 4, workers: { max: 4 } };

executorContract(
  'LocalExecutor',
  (more) => new LocalExecutor({ ...options, ...more }),
  options,
  async (id) => LocalExecutor.attach(id, options),
);
