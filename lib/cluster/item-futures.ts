import { FutureController } from '../future-controller.ts';
import type { Future } from '../future.ts';
import type { FutureSource, JobControl, Usage } from '../future-source.ts';
import type { OutputFile } from '../job-set/output-files.ts';
import type { ItemResult } from '../map-results.ts';
import type { Call } from './call.ts';

/** Of the future of one call of a chunk. */
export class ItemSource implements FutureSource {
  readonly call: Call;
  /** Which one of the chunk's calls it is. */
  readonly item: number;
  readonly onCancel: () => void;

  constructor(call: Call, item: number, onCancel: () => void) {
    this.call = call;
    this.item = item;
    this.onCancel = onCancel;
  }

  get jobId(): string | undefined {
    return this.call.jobId;
  }

  get host(): string | undefined {
    return this.call.host;
  }

  get usage(): Usage | undefined {
    return this.call.usage;
  }

  get attempts(): number {
    return this.call.attempts;
  }

  get control(): JobControl {
    return this.call.control;
  }

  async stdout(): Promise<string> {
    return this.call.stdout();
  }

  async stderr(): Promise<string> {
    return this.call.stderr();
  }

  async outputFiles(): Promise<readonly OutputFile[]> {
    return this.call.outputFiles(this.call.items > 1 ? this.item : undefined);
  }
}

/** A future for each call of a chunk. The chunk's job is removed when all of them are cancelled. */
export function itemFutures(call: Call, chunk: Future<unknown>): Future<unknown>[] {
  let wanted = call.items;
  const onCancel = (): void => {
    wanted -= 1;
    if (wanted === 0 && !call.done) call.future.cancel();
  };
  const controllers = Array.from(
    { length: call.items },
    (_, item) => new FutureController<unknown>(new ItemSource(call, item, onCancel)),
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
