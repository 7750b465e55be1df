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
   * The pool's central manager, as `condor_submit -pool` takes it.
   * @default that of this machine's configuration
   */
  readonly pool?: string | undefined;
  /**
   * The schedd to submit to, as `condor_submit -name` takes it.
   * @default that of this machine
   */
  readonly schedd?: string | undefined;
  /**
   * How long calls wait for a schedd that does not answer when they are to be submitted, in milliseconds, before they fail with a
   * SubmitError. What HTCondor refuses fails at once.
   * @default 60000
   */
  readonly submitPatience?: number | undefined;
  /**
   * How long a command such as condor_submit may take, in milliseconds, before it is killed and taken for one that gave no answer. A
   * busy schedd can need minutes.
   * @default 300000
   */
  readonly commandTimeout?: number | undefined;
}

/**
 * Runs each call as one HTCondor job, over a shared filesystem and the command-line tools.
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
   * Goes on with the calls of an executor whose process was ended, at whatever instant, or that was detached: `futures` has those of all its
   * calls, in their order. Finished ones are settled from the disk, running ones run on, and nothing is submitted twice.
   * @param id the `id` of that executor
   * @throws {DirectoryError} if there is no such job set; {@link JobSetInUseError} if its process lives; {@link CommandError}
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
