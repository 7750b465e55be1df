import { inspect } from 'node:util';
import {
  NeverSettledError,
  ProcessExitError,
  UncaughtExceptionError,
  UnhandledRejectionError,
} from '../base/errors.ts';
import type { OutcomeWriter } from './outcome.ts';

/** Turns each way in which a call can end its process into an outcome with a matching error. */
export function guardProcess(guarded: Guarded): void {
  process.on('uncaughtException', (error, origin) => {
    process.stderr.write(`${inspect(error)}\n`);
    if (guarded.outlives()) return;
    const text = String((error as Error | undefined)?.message ?? error);
    guarded.writer?.fail(
      origin === 'unhandledRejection'
        ? new UnhandledRejectionError(`A promise of the call was rejected and nobody looked: ${text}`, {
            cause: error,
          })
        : new UncaughtExceptionError(`Something that the call had started threw: ${text}`, { cause: error }),
    );
    process.exit(process.exitCode ?? 1);
  });
  process.on('beforeExit', () => {
    guarded.writer?.fail(
      new NeverSettledError(
        'The call waits for a promise that nothing can settle: its process has nothing left to do',
      ),
    );
  });
  process.on('exit', (code) => {
    guarded.writer?.fail(new ProcessExitError(`The call ended its process with process.exit(${code})`, code));
  });
}

/** A process that executes calls. */
export interface Guarded {
  /** Writer of the current call's outcome; undefined between the calls of a worker. */
  readonly writer: OutcomeWriter | undefined;
  /**
   * Whether the exception just thrown comes from a call that has returned, so that the process may continue.
   */
  outlives(): boolean;
}
