import { renameSync, writeFileSync } from 'node:fs';
import { showValue } from '../../base/checks.ts';
import { encodeProgress, type Progress } from '../../job-set/call-outputs.ts';
import { callDirectory, callsDirectory, parseJobKey, progressFile } from '../../job-set/names.ts';
import { temporaryFile } from '../../job-set/whole-files.ts';
import type { RunningCall } from '../outcome.ts';
import { makeDirectoriesSync } from './generations.ts';

/** The shortest time between two writes. */
const INTERVAL_MS = 500;
/** Longer texts are cut. */
const MAX_TEXT_LENGTH = 4096;

/**
 * Writes the progress of a call to a file: at once if nothing was written for a while, because the call may
 * then block its thread for long.
 */
export class ProgressReport {
  readonly #call: RunningCall;
  /** Reported, and not written yet. */
  #latest: Progress | undefined;
  #writtenAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: RunningCall) {
    this.#call = call;
  }

  /** @throws {TypeError} {@link RangeError} for invalid arguments */
  update(fraction: number, text?: string): void {
    check(fraction, text);
    const { item, items } = this.#call;
    this.#latest = {
      fraction: (item + fraction) / items,
      text: text?.slice(0, MAX_TEXT_LENGTH),
      at: new Date(),
    };
    const wait = this.#writtenAt + INTERVAL_MS - performance.now();
    if (wait <= 0) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), wait).unref();
  }

  /**
   * Writes the latest progress if it is not written yet. Never throws, because that must not fail the call.
   */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const latest = this.#latest;
    if (latest === undefined) return;
    this.#latest = undefined;
    this.#writtenAt = performance.now();
    try {
      const { directory, key } = this.#call.writer.place;
      makeDirectoriesSync(callsDirectory(directory), callDirectory(directory, parseJobKey(key).call));
      const file = progressFile(directory, key);
      const temporary = temporaryFile(file);
      // Not synced: losing it in a crash of the file server does no harm.
      writeFileSync(temporary, encodeProgress(latest), { flag: 'wx', mode: 0o600 });
      renameSync(temporary, file);
    } catch {
      // The next report may succeed.
    }
  }
}

function check(fraction: unknown, text: unknown): void {
  if (typeof fraction !== 'number')
    throw new TypeError(`Expected \`fraction\` of progress() to be a number, got ${showValue(fraction)}`);
  if (!(fraction >= 0 && fraction <= 1))
    throw new RangeError(`Expected \`fraction\` of progress() to be from 0 to 1, got ${showValue(fraction)}`);
  if (text !== undefined && typeof text !== 'string')
    throw new TypeError(`Expected \`text\` of progress() to be a string, got ${showValue(text)}`);
}
