import { inspect } from 'node:util';
import {
  NeverSettledError,
  ProcessExitError,
  UncaughtExceptionError,
  UnhandledRejectionError,
} from '../errors.ts';
import type { OutcomeWriter } from './outcome-writer.ts';

/** Turns each way in which a call can end its process into an outcome that says so. */
export function guardProcess(writer: OutcomeWriter): void {
  process.on('uncaughtException', (error, origin) => {
    process.stderr.write(`${inspect(error)}\n`);
    const text = String((error as Error | undefined)?.message ?? error);
    writer.fail(
      origin === 'unhandledRejection'
        ? new UnhandledRejectionError(`A promise of the call was rejected and nobody looked: ${text}`, {
            cause: error,
          })
        : new UncaughtExceptionError(`Something that the call had started threw: ${text}`, { cause: error }),
    );
    process.exit(process.exitCode ?? 1);
  });
  process.on('beforeExit', () => {
    writer.fail(
      new NeverSettledError(
        'The call waits for a promise that nothing can settle: its process has nothing left to do',
      ),
    );
  });
  process.on('exit', (code) => {
    writer.fail(new ProcessExitError(`The call ended its process with process.exit(${code})`, code));
  });
}
