import type { FutureSource, JobControl, Usage } from '../../futures/future-source.ts';
import { type Future, FutureController } from '../../futures/future.ts';
import type { ItemResult } from '../../futures/map-results.ts';
import type { OutputFile } from '../../job-set/call-outputs.ts';
import type { Call } from './call.ts';

/** Creates a future for each item of a chunk. The chunk's job is removed when all of them are cancelled. */
export function itemFutures(call: Call, chunk: Future<unknown>): Future<unknown>[] {
  let wantedItems = call.items;
  const onCancel = (): void => {
    wantedItems -= 1;
    if (wantedItems === 0 && !call.done) call.future.cancel();
  };
  const controllers = Array.from(
    { length: call.items },
    (_, item) => new FutureController<unknown>(new ItemSource(call, item, onCancel)),
  );
  settleWith(chunk, controllers);
  return controllers.map(({ future }) => future);
}

function settleWith(chunk: Future<unknown>, controllers: readonly FutureController<unknown>[]): void {
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
      for (const controller of controllers.filter(({ future }) => !future.done())) {
        if (chunk.cancelled()) controller.future.cancel((error as Error).cause);
        else controller.reject(error);
      }
    },
  );
}

/** The source of the future of one item of a chunk. */
export class ItemSource implements FutureSource {
  readonly call: Call;
  /** Position in the chunk. */
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
