import type { Component } from './component.ts';

/** What a component has used. */
export interface ComponentUsage {
  /** The most memory that any of its jobs was seen to use, in bytes; 0 if that is not known, as of short ones. */
  readonly memory: number;
  /** What its last job asked for, in bytes, where the batch system tells. */
  readonly memoryRequested: number | undefined;
  /** Processor time of its last attempt, user and system, in milliseconds; 0 until that is done. */
  readonly cpuMs: number;
  /** How long that took, in milliseconds; 0 until it is done. */
  readonly wallMs: number;
  /** How many jobs it has had. */
  readonly attempts: number;
  readonly host: string | undefined;
}

export function componentUsage({
  outcome,
  memoryUsed,
  memoryRequested,
  call,
  host,
}: Component): ComponentUsage {
  const usage = outcome?.usage;
  return {
    memory: Math.max(memoryUsed ?? 0, usage?.peakMemoryBytes ?? 0),
    memoryRequested,
    cpuMs: usage === undefined ? 0 : usage.userCpuMs + usage.systemCpuMs,
    wallMs: usage === undefined ? 0 : usage.endedAt.getTime() - usage.startedAt.getTime(),
    attempts: call.attempt,
    host: outcome?.host ?? host,
  };
}
