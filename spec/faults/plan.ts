import type { Daemon } from '../support/pool-control.ts';
import type { Random } from './random.ts';

/** What is killed with SIGKILL, or done to a job from outside. */
export type FaultKind = Extract<Daemon, 'schedd' | 'startd' | 'negotiator' | 'collector'> | JobFaultKind;
type JobFaultKind = 'starter' | 'shadow' | 'runner' | 'hold' | 'remove';

/** What a call does; a `cancelled` one sleeps until it is. */
export type CallKind = 'quick' | 'sleeping' | 'throwing' | 'exiting' | 'killed' | 'cancelled' | 'mapped';

export interface PlannedCall {
  readonly id: number;
  readonly kind: CallKind;
  readonly milliseconds: number;
  /** Calls of the same job have the same number. */
  readonly job: number;
  /** A cancelled call is cancelled when this share of all calls is done. */
  readonly cancelAt: number;
}

/** Done when this share of all calls is done, so that it meets the pool at work, however fast that is. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly at: number;
}

export interface Plan {
  /** Calls that are submitted together: one alone, or those of a map. */
  readonly groups: readonly (readonly PlannedCall[])[];
  readonly faults: readonly PlannedFault[];
}

export const CHUNK_SIZE = 4;
const MAP_SIZE = 12;

/** How many calls in a hundred are of a kind; the rest are quick. A map counts as one here. */
const SHARES: readonly (readonly [CallKind, number])[] = [
  ['sleeping', 40],
  ['throwing', 8],
  ['exiting', 4],
  ['killed', 4],
  ['cancelled', 8],
  ['mapped', 4],
];

/** Faults that keep the pool busy for long are not made at the end, when nothing else is left to do. */
const LATEST: Partial<Record<FaultKind, number>> = { startd: 0.5 };

/** Of how many calls there is one more of each fault, at least one; a killed startd takes half a minute to get over. */
const CALLS_PER_FAULT: Readonly<Record<FaultKind, number>> = {
  schedd: 500,
  startd: 1500,
  negotiator: 500,
  collector: 1000,
  starter: 100,
  shadow: 100,
  runner: 60,
  hold: 100,
  remove: 100,
};

/** The same for the same seed. */
export function makePlan(calls: number, random: Random): Plan {
  const groups: PlannedCall[][] = [];
  for (let planned = 0, job = 0; planned < calls;) {
    const kind = kindFor(random.between(0, 100));
    const size = kind === 'mapped' ? Math.min(MAP_SIZE, calls - planned) : 1;
    groups.push(
      Array.from({ length: size }, (_, index) => ({
        id: planned + index,
        kind,
        milliseconds: Math.round(random.between(100, 2000) / (kind === 'mapped' ? CHUNK_SIZE : 1)),
        job: job + Math.floor(index / CHUNK_SIZE),
        cancelAt: planned / calls + random.between(-0.2, 0.1),
      })),
    );
    planned += size;
    job += Math.ceil(size / CHUNK_SIZE);
  }
  const faults = Object.entries(CALLS_PER_FAULT).flatMap(([name, each]) => {
    const kind = name as FaultKind;
    return Array.from({ length: Math.ceil(calls / each) }, () => ({
      kind,
      at: random.between(0.02, LATEST[kind] ?? 0.9),
    }));
  });
  return { groups, faults: faults.toSorted((a, b) => a.at - b.at) };
}

function kindFor(number: number): CallKind {
  let sum = 0;
  return SHARES.find(([, share]) => (sum += share) > number)?.[0] ?? 'quick';
}
