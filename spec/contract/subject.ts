import { afterAll, beforeAll } from '@jest/globals';
import type { SubmitOptions } from '../../lib/batch/submit-options.ts';
import type { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import type { ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import type { Executor } from '../../lib/futures/executor.ts';

/** The executor that is looked at. */
export interface Subject {
  /** Its class, as the package exports it. */
  readonly name: string;
  readonly makeExecutor: (options?: ClusterOptions) => Executor;
  readonly attach: (id: string) => Promise<ClusterExecutor>;
  /** What all executors of the contract are made with; `directory` is one that jobs see too. */
  readonly options: ClusterOptions & { readonly directory: string };
  /** Submit commands with which a job's output can be seen while it runs, if there must be any. */
  readonly following?: SubmitOptions | undefined;
}

/** Whether calls share processes: then what a process of its own gives to a call does not hold. */
export function sharesProcesses({ options }: Subject): boolean {
  return options.workers !== undefined;
}

/**
 * One executor for all tests of a `describe`, made before the first of them and shut down after the last. Calls that a failed
 * test left behind are cancelled then.
 */
export function groupExecutor(subject: Subject): () => Executor {
  const controller = new AbortController();
  let executor: Executor | undefined;
  beforeAll(() => {
    executor = subject.makeExecutor().with({ signal: controller.signal });
  });
  afterAll(async () => {
    controller.abort();
    await executor?.shutdown();
  });
  return () => {
    if (executor === undefined) throw new Error('The executor exists only while the tests run');
    return executor;
  };
}
