import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { SignalError } from '../../base/errors.ts';

/** The jobs of one executor, with what can be done to them when the process ends. */
export interface EndingJobs {
  /** Number of pending calls that have jobs. */
  count(): number;
  /** Cancels the futures and removes their jobs. */
  cancel(reason: Error): void;
  /**
   * Removes the jobs; the futures never settle.
   * @throws if the batch system did not remove them
   */
  giveUp(): Promise<void>;
  /**
   * Removes the jobs synchronously.
   * @throws if the batch system did not remove them in time
   */
  removeNow(timeoutMs: number): void;
  /** Starts a process that removes the jobs, without waiting for it. */
  removeUnseen(): void;
  /** The command by which a user can remove the jobs; undefined if none can be left. */
  command(): string | undefined;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A Ctrl-C may arrive twice within this time: from the terminal, and from a parent such as npm. */
const REPEAT_MS = 400;

/** Time by which all executors together may delay `exit`, in milliseconds. */
const EXIT_MS = 10_000;

const registeredJobs = new Set<EndingJobs>();
/** Set when a signal ends the process. */
let endingSince: number | undefined;
/** Set during `exit`, when calls cannot be submitted any more. Undefined before {@link watchExit}. */
let isExiting: boolean | undefined;

/** Registers jobs to remove when the process ends. */
export function registerJobs(jobs: EndingJobs): void {
  if (registeredJobs.has(jobs)) return;
  if (registeredJobs.size === 0) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  registeredJobs.add(jobs);
}

export function unregisterJobs(jobs: EndingJobs): void {
  if (registeredJobs.delete(jobs) && registeredJobs.size === 0) stopListening();
}

/** Whether the process is ending, so that no calls can be submitted. */
export function isEnding(): boolean {
  return isExiting === true || endingSince !== undefined;
}

/** Must be called before the first {@link isEnding}; further calls have no effect. */
export function watchExit(): void {
  if (isExiting === undefined) process.prependListener('exit', onExit);
  isExiting ??= false;
}

function stopListening(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

/** Runs before the program's own listeners, so that `once` listeners are still counted. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) {
    // Programs often use SIGHUP for other purposes, such as to reload their configuration.
    if (signal !== 'SIGHUP') process.nextTick(cancelAll, signal);
  } else if (endingSince === undefined) {
    endingSince = performance.now();
    void endAll(signal);
  } else if (performance.now() - endingSince > REPEAT_MS) {
    for (const jobs of registeredJobs) jobs.removeUnseen();
    for (const jobs of registeredJobs) warnUser(jobs, 'the process ended before its jobs were removed');
    endBy(signal);
  }
}

/** Cancels all futures, and leaves the end of the process to the program, which handles the signal itself. */
function cancelAll(signal: NodeJS.Signals): void {
  announce(signal, '');
  for (const jobs of registeredJobs) jobs.cancel(new SignalError(signal));
}

async function endAll(signal: NodeJS.Signals): Promise<void> {
  announce(signal, `; a second ${signal} ends the process at once`);
  const removed = [...registeredJobs].map(async (jobs) => {
    await jobs.giveUp().catch((error: unknown) => warnUser(jobs, String(error)));
    registeredJobs.delete(jobs);
  });
  await Promise.all(removed);
  // Warnings are written one turn of the event loop later.
  await new Promise((resolve) => setImmediate(resolve));
  endBy(signal);
}

function endBy(signal: NodeJS.Signals): void {
  registeredJobs.clear();
  stopListening();
  process.kill(process.pid, signal);
  // The first process of a container is not ended by signals. A listener added meanwhile decides by itself.
  if (process.listenerCount(signal) === 0) process.exit(128 + constants.signals[signal]);
}

function onExit(): void {
  isExiting = true;
  if (countAll() > 0) say(`removing ${nameJobs(countAll())}, since the process exits`);
  const startedAt = performance.now();
  for (const jobs of registeredJobs) {
    const leftMs = EXIT_MS - (performance.now() - startedAt);
    try {
      if (leftMs >= 1) jobs.removeNow(leftMs);
      else {
        jobs.removeUnseen();
        warnUser(jobs, 'the process exited before its jobs were removed');
      }
    } catch (error) {
      warnUser(jobs, String(error));
    }
  }
}

function announce(signal: NodeJS.Signals, more: string): void {
  if (countAll() > 0) say(`removing ${nameJobs(countAll())} after ${signal}${more}`);
}

function countAll(): number {
  return [...registeredJobs].reduce((sum, jobs) => sum + jobs.count(), 0);
}

function nameJobs(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`;
}

function warnUser(jobs: EndingJobs, trouble: string): void {
  const command = jobs.command();
  if (command !== undefined) say(`${trouble}; if any are left: ${command}`);
}

/** Writes to stderr, without a stream, because its error would end the process if the terminal is gone. */
function say(text: string): void {
  try {
    writeSync(2, `condor-futures: ${text}\n`);
  } catch {
    // The terminal is gone.
  }
}
