import { FutureController } from '../future-controller.ts';
import type { Future } from '../future.ts';
import type { ItemResult } from '../map-results.ts';
import type { Call } from './call.ts';

/** A future for each call of a chunk. The chunk's job is removed when all of them are cancelled. */
export function itemFutures(call: Call, chunk: Future<unknown>): Future<unknown>[] {
  let wanted = call.items;
  const onCancel = (): void => {
    wanted -= 1;
    if (wanted === 0 && !call.done) call.future.cancel();
  };
  const controllers = Array.from(
    { length: call.items },
    (_, item) =>
      new FutureController<unknown>({
        get jobId() {
          return call.jobId;
        },
        get host() {
          return call.host;
        },
        get usage() {
          return call.usage;
        },
        get attempts() {
          return call.attempts;
        },
        get control() {
          return call.control;
        },
        stdout: async () => call.stdout(),
        stderr: async () => call.stderr(),
        outputFiles: async () => call.outputFiles(call.items > 1 ? item : undefined),
        onCancel,
      }),
  );
  settleWith(chunk, controllers);
  return controllers.map(({ future }) => future);
}

function settleWith(chunk: Future<unknown>, controllers: readonly FutureController<unknown>[]): void {
  const open = (): FutureController<unknown>[] => controllers.filter(({ future }) => !future.done());
  chunk.then(
    (results) => {
      for (const [index, result] of (results as ItemResult<unknown>[]).entries()) {
        const controller = controllers[index];
        if (controller === undefined || controller.future.done()) continue;
        if ('thrown' in result) controller.reject(result.thrown);
        else controller.resolve(result.value);
      }
    },
    (error: unknown) => {
      for (const controller of open()) {
        if (chunk.cancelled()) controller.future.cancel((error as Error).cause);
        else controller.reject(error);
      }
    },
  );
}
