import type { Future } from '../future.ts';
import type { WaitOptions } from '../timeout.ts';
import type { ComponentStatus } from './component.ts';
import type { ProgressOption } from './progress.ts';

export interface MapWaitOptions extends WaitOptions {
  /**
   * Held components count as done, rather than ending the wait.
   * @default false
   */
  readonly holdsOk?: boolean | undefined;
  /**
   * Components that failed or were removed count as done, rather than ending the wait.
   * @default false
   */
  readonly errorsOk?: boolean | undefined;
  /**
   * Show how far it has come.
   * @default false
   */
  readonly progress?: ProgressOption | undefined;
}

export interface ComponentWaitOptions extends WaitOptions {
  /**
   * Yield the inputs of each component, too.
   * @default false
   */
  readonly withInputs?: boolean | undefined;
}

/** A component that is done, or is held. */
export interface CompletedComponent<A extends readonly unknown[], R> {
  readonly component: number;
  readonly status: ComponentStatus;
  /** It is done: `await` it within `try`. */
  readonly future: Future<R>;
  /** The arguments of its call, if they were asked for. */
  readonly inputs?: A;
}
