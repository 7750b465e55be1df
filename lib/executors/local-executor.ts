import { availableParallelism } from 'node:os';
import { checkNumber } from '../base/checks.ts';
import { LocalSystem } from '../batch/local/local-system.ts';
import {
  type AttachOptions,
  checkAttach,
  type ClusterOptions,
  resolveOptions,
} from '../cluster/cluster-options.ts';
import { MappingExecutor } from '../map/mapping-executor.ts';
import { withWorkers } from '../workers/worker-system.ts';

export interface LocalExecutorOptions extends ClusterOptions {
  /**
   * Number of jobs that run at the same time.
   * @default os.availableParallelism()
   */
  readonly maxWorkers?: number | undefined;
}

/**
 * Runs each call as a process of this machine, with the same files as on a cluster: for laptops, tests, and
 * machines without a batch system. Submit commands are checked as HTCondorExecutor does, and ignored.
 *
 * @example
 * await using executor = new LocalExecutor();
 * console.log(await executor.submit((x) => x * x, 7));
 */
export class LocalExecutor extends MappingExecutor {
  /** @throws {TypeError} {@link RangeError} for wrong options; {@link DirectoryError} */
  constructor(options: LocalExecutorOptions = {}) {
    const resolved = resolveOptions('LocalExecutor', options, { maxWorkers: ['number'] });
    const maxWorkers = checkNumber('maxWorkers', options.maxWorkers ?? availableParallelism(), 1);
    const { workers } = resolved;
    if (workers !== undefined && workers.max > maxWorkers) {
      throw new RangeError(
        `Expected \`workers.max\` to be ${maxWorkers} at the most, which is \`maxWorkers\`, got ${workers.max}`,
      );
    }
    super(withWorkers(new LocalSystem(maxWorkers), workers, resolved), resolved);
  }

  /**
   * Continues the calls of an executor whose process was killed; see {@link HTCondorExecutor.attach}. Jobs
   * that still run are adopted.
   * @throws {DirectoryError} if there is no such job set; {@link JobSetInUseError} if its process is alive
   */
  static async attach(
    id: string,
    options: LocalExecutorOptions & AttachOptions = {},
  ): Promise<LocalExecutor> {
    const { takeOver, ...others } = checkAttach('LocalExecutor.attach', id, options);
    const executor = new LocalExecutor(others);
    await executor.attachTo(id, takeOver ?? false);
    return executor;
  }
}
