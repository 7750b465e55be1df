import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { mapContract } from '../contract/map-contract.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const options = { directory: temporaryDirectory(), maxWorkers: 8 };

mapContract('LocalExecutor', (more) => new LocalExecutor({ ...options, ...more }), options);
