import { describe } from '@jest/globals';
import type { SubmitOptions } from '../lib/batch/batch-system.ts';
import type { ClusterExecutor } from '../lib/cluster/cluster-executor.ts';
import type { ClusterOptions } from '../lib/cluster/cluster-options.ts';
import type { Executor } from '../lib/futures/executor.ts';
import { attach } from './contract/attach.ts';
import { cancellation } from './contract/cancellation.ts';
import { control } from './contract/control.ts';
import { closures } from './contract/closures.ts';
import { deaths } from './contract/deaths.ts';
import { dependencies } from './contract/dependencies.ts';
import { dependencyErrors } from './contract/dependency-errors.ts';
import { errors } from './contract/errors.ts';
import { files } from './contract/files.ts';
import { filesOfCalls } from './contract/files-of-calls.ts';
import { futures } from './contract/futures.ts';
import { inside } from './contract/inside.ts';
import { maps } from './contract/maps.ts';
import { jobOptions } from './contract/job-options.ts';
import { programs } from './contract/programs.ts';
import { shutdown } from './contract/shutdown.ts';
import type { Subject } from './contract/subject.ts';
import { submission } from './contract/submission.ts';
import { values } from './contract/values.ts';
import { waits } from './contract/waits.ts';

/** Between executors. */
export interface Differences {
  /** Submit commands with which a job's output can be seen while it runs, if there must be any. */
  readonly following?: SubmitOptions;
  /** Topics that are looked at with another executor, where it makes no difference which. */
  readonly without?: readonly ((subject: Subject) => void)[];
}

/**
 * What a program may rely on, whichever executor it has.
 * @param name the class, as the package exports it
 * @param options what `makeExecutor` makes all executors with; jobs see its `directory` too
 * @param attachTo goes on with the calls of another one, by its id
 * @param more what is different for this executor
 */
export function executorContract(
  name: string,
  makeExecutor: (options?: ClusterOptions) => Executor,
  options: ClusterOptions & { readonly directory: string },
  attachTo: (id: string) => Promise<ClusterExecutor>,
  more: Differences = {},
): void {
  const subject = { name, makeExecutor, options, attach: attachTo, following: more.following };
  describe(`${name} as an executor`, () => {
    const topics = [
      submission,
      closures,
      values,
      errors,
      deaths,
      futures,
      cancellation,
      control,
      waits,
      maps,
      jobOptions,
      shutdown,
      files,
      filesOfCalls,
      inside,
      programs,
      attach,
      dependencies,
      dependencyErrors,
    ];
    for (const topic of topics) if (more.without?.includes(topic) !== true) topic(subject);
  });
}
