import { describe } from '@jest/globals';
import type { SubmitOptions } from '../../lib/batch/submit-options.ts';
import type { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import type { ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import type { Executor } from '../../lib/futures/executor.ts';
import { attach } from './attach.ts';
import { cancellation } from './cancellation.ts';
import { control } from './control.ts';
import { closures } from './closures.ts';
import { deaths } from './deaths.ts';
import { dependencies } from './dependencies.ts';
import { dependencyErrors } from './dependency-errors.ts';
import { errors } from './errors.ts';
import { files } from './files.ts';
import { filesOfCalls } from './files-of-calls.ts';
import { futures } from './futures.ts';
import { inside } from './inside.ts';
import { maps } from './maps.ts';
import { jobOptions } from './job-options.ts';
import { programs } from './programs.ts';
import { programState } from './program-state.ts';
import { shutdown } from './shutdown.ts';
import type { Subject } from './subject.ts';
import { submission } from './submission.ts';
import { values } from './values.ts';
import { waits } from './waits.ts';

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
      programState,
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
