import { checkNumber } from '../base/checks.ts';
import { type HTCondorPlace, HTCondorSystem } from '../batch/htcondor/htcondor-system.ts';
import {
  type AttachOptions,
  checkAttach,
  type ClusterOptions,
  resolveOptions,
} from '../cluster/cluster-options.ts';
import { MappingExecutor } from '../map/mapping-executor.ts';
import { withWorkers } from '../workers/worker-system.ts';

export interface HTCondorExecutorOptions extends ClusterOptions, HTCondorPlace {
  /**
   * The pool's central manager, as in `condor_submit -pool`.
   * @default the one in this machine's configuration
   */
  readonly pool?: string | undefined;
  /**
   * The schedd to submit to, as in `condor_submit -name`.
   * @default the schedd of this machine
   */
  readonly schedd?: string | undefined;
  /**
   * Time in milliseconds for which a submission is repeated while the schedd does not answer, before its
   * calls fail with a SubmitError. A submission that HTCondor refuses fails at once.
   * @default 60000
   */
  readonly submitPatience?: number | undefined;
  /**
   * Time in milliseconds after which a command such as condor_submit is killed and counts as unanswered. A
   * busy schedd can take minutes.
   * @default 300000
   */
  readonly commandTimeout?: number | undefined;
}

/**
 * Runs each call as one HTCondor job, by a shared file system and HTCondor's command-line tools.
 *
 * @example
 * await using executor = new HTCondorExecutor({ directory: '/shared/me/jobs', submit: { request_memory: '2GB' } });
 * console.log(await executor.submit((x) => x * x, 7));
 */
export class HTCondorExecutor extends MappingExecutor {
  /** @throws {TypeError} {@link RangeError} for wrong options; {@link DirectoryError} */
  constructor(options: HTCondorExecutorOptions = {}) {
    const resolved = resolveOptions('HTCondorExecutor', options, {
      pool: ['string'],
      schedd: ['string'],
      submitPatience: ['number'],
      commandTimeout: ['number'],
      keepClaims: ['number'],
      keepClaimsFor: ['number'],
    });
    checkNumber('submitPatience', options.submitPatience ?? 0, 0, 'fraction');
    checkNumber('commandTimeout', options.commandTimeout ?? 1, 1, 'fraction');
    checkNumber('keepClaims', options.keepClaims ?? 0, 0);
    checkNumber('keepClaimsFor', options.keepClaimsFor ?? 0, 0, 'fraction');
    super(withWorkers(new HTCondorSystem(options), resolved.workers, resolved), resolved);
  }

  /**
   * Continues the calls of an executor that was detached, or whose process has ended at any point: `futures`
   * has the futures of all its calls, in their order. Futures of finished calls settle from the disk, running
   * jobs run on, and no call is submitted twice.
   * @param id the `id` of that executor
   * @throws {DirectoryError} if there is no such job set; {@link JobSetInUseError} if its process is alive;
   * {@link CommandError}
   */
  static async attach(
    id: string,
    options: HTCondorExecutorOptions & AttachOptions = {},
  ): Promise<HTCondorExecutor> {
    const { takeOver, ...others } = checkAttach('HTCondorExecutor.attach', id, options);
    const executor = new HTCondorExecutor(others);
    await executor.attachTo(id, takeOver ?? false);
    return executor;
  }
}
