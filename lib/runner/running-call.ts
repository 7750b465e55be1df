import type { CallOptions, ItemOutcome } from '../payload/call.ts';
import type { InsideCall } from '../job.ts';
import type { OutcomeWriter } from './outcome-writer.ts';

/** A call while it is being made. */
export interface RunningCall {
  /** Of its job. */
  readonly writer: OutcomeWriter;
  /** Which of the calls of its job it is, counted from 0, and how many there are. */
  readonly item: number;
  readonly items: number;
  readonly options: CallOptions;
  /** Made when the call first asks for it. */
  inside: Ending | undefined;
}

/** What a call was given, which ends with it. */
interface Ending extends InsideCall {
  /** Does not return if the process is to end without an outcome. */
  end(outcome: ItemOutcome): Promise<void>;
}
