import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { SignalError } from '../../base/errors.ts';

/** The jobs of one executor, as the end of the process sees them. */
export interface EndingJobs {
  /** How many calls wait for their jobs. */
  count(): number;
  /** Cancels the futures, and removes their jobs. */
  cancel(reason: Error): void;
  /**
   * Gives the calls up, whose futures never settle then, and removes their jobs.
   * @throws when the batch system did not remove them
   */
  giveUp(): Promise<void>;
  /**
   * Removes the jobs without a turn of the event loop.
   * @throws when the batch system did not remove them within so many milliseconds
   */
  removeNow(timeoutMs: number): void;
  /** Has the jobs removed by somebody else, and does not wait for that. */
  removeUnseen(): void;
  /** What a user can type to remove them; undefined if none are left without that. */
  command(): string | undefined;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One Ctrl-C can come twice: from the terminal, and from a parent such as npm that passes it on. */
const ECHO_MS = 400;

/** How long `exit` may be held up, by all executors together. */
const EXIT_MS = 10_000;

const pending = new Set<EndingJobs>();
/** Once a signal ends the process. */
let endingSince: number | undefined;
/** In a listener of `exit` there is no time left to submit anything: it would be lost without a word. */
let isExiting: boolean | undefined;

/** From now on the end of the process is the end of these jobs, too. */
export function endWithProcess(jobs: EndingJobs): void {
  if (pending.has(jobs)) return;
  if (pending.size === 0) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  pending.add(jobs);
}

/** There is nothing left of these jobs. */
export function leaveProcess(jobs: EndingJobs): void {
  if (pending.delete(jobs) && pending.size === 0) stopListening();
}

/** Whether it is too late to submit anything. */
export function isEnding(): boolean {
  return isExiting === true || endingSince !== undefined;
}

/** To be called before {@link isEnding} is asked for the first time; costs nothing when called again. */
export function watchExit(): void {
  if (isExiting === undefined) process.prependListener('exit', onExit);
  isExiting ??= false;
}

function stopListening(): void {
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

/** Comes before the program's own listeners, so that those that listen only once are still to be seen. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) {
    // Hanging up often means something else to those who listen for it, such as to read the configuration
    // again.
    if (signal !== 'SIGHUP') process.nextTick(cancelAll, signal);
  } else if (endingSince === undefined) {
    endingSince = performance.now();
    void endAll(signal);
  } else if (performance.now() - endingSince > ECHO_MS) {
    for (const jobs of pending) jobs.removeUnseen();
    for (const jobs of pending) tell(jobs, 'the process ended before its jobs were removed');
    endBy(signal);
  }
}

/** The program itself decides when to end: its futures tell it that nothing will come of them. */
function cancelAll(signal: NodeJS.Signals): void {
  announce(signal, '');
  for (const jobs of pending) jobs.cancel(new SignalError(signal));
}

async function endAll(signal: NodeJS.Signals): Promise<void> {
  announce(signal, `; a second ${signal} ends the process at once`);
  const removed = [...pending].map(async (jobs) => {
    await jobs.giveUp().catch((error: unknown) => tell(jobs, String(error)));
    pending.delete(jobs);
  });
  await Promise.all(removed);
  // Warnings are written a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  endBy(signal);
}

function endBy(signal: NodeJS.Signals): void {
  pending.clear();
  stopListening();
  process.kill(process.pid, signal);
  // Still here: the first process of a container is not ended by signals. Or somebody listens by now, and
  // decides.
  if (process.listenerCount(signal) === 0) process.exit(128 + constants.signals[signal]);
}

function onExit(): void {
  isExiting = true;
  if (countAll() > 0) say(`removing ${nameJobs(countAll())}, since the process exits`);
  const startedAt = performance.now();
  for (const jobs of pending) {
    const leftMs = EXIT_MS - (performance.now() - startedAt);
    try {
      if (leftMs >= 1) jobs.removeNow(leftMs);
      else {
        jobs.removeUnseen();
        tell(jobs, 'the process exited before its jobs were removed');
      }
    } catch (error) {
      tell(jobs, String(error));
    }
  }
}

function announce(signal: NodeJS.Signals, more: string): void {
  if (countAll() > 0) say(`removing ${nameJobs(countAll())} after ${signal}${more}`);
}

function countAll(): number {
  return [...pending].reduce((sum, jobs) => sum + jobs.count(), 0);
}

function nameJobs(count: number): string {
  return count === 1 ? '1 job' : `${count} jobs`;
}

function tell(jobs: EndingJobs, trouble: string): void {
  const command = jobs.command();
  if (command !== undefined) say(`${trouble}; if any are left: ${command}`);
}

/** Without a stream, whose error would end the process: the terminal may be gone. */
function say(text: string): void {
  try {
    writeSync(2, `condor-futures: ${text}\n`);
  } catch {
    // There is nobody to tell.
  }
}
