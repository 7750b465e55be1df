import type { BatchSystem } from '../batch/batch-system.ts';
import type { ResolvedOptions } from '../cluster-options.ts';
import type { Call } from './call.ts';
import type { Calls } from './calls.ts';
import type { OwnJobSet } from './own-job-set.ts';
import type { Submissions } from './submissions.ts';

/** What an executor is made of, for those built on it that bring their calls to the disk by themselves. */
export interface ExecutorParts {
  readonly system: BatchSystem;
  readonly options: ResolvedOptions;
  readonly calls: Calls;
  readonly submissions: Submissions;
  readonly own: OwnJobSet;
  /** Waits for a call from now on. */
  readonly add: (call: Call) => Call;
}
