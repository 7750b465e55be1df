import { join } from 'node:path';
import { deserialize } from '../../payload/deserialize.ts';
import { serializePlain } from '../../payload/serialize-plain.ts';
import type { CallOptions } from '../../payload/call.ts';
import { seldom } from '../seldom.ts';
import { Generations } from './generations.ts';
import { WriteQueue } from './write-queue.ts';

/** The state of a call, on the disk. */
export class SavedState {
  readonly file: string;
  readonly #options: CallOptions;
  readonly #generations: Generations;
  readonly #queue: WriteQueue<Uint8Array>;

  /**
   * @param directory of the call's checkpoints
   * @param makeDirectory makes it
   */
  constructor(directory: string, options: CallOptions, makeDirectory: () => void) {
    this.file = join(directory, 'state');
    this.#options = options;
    this.#generations = new Generations(this.file);
    this.#queue = new WriteQueue(async (bytes) => {
      makeDirectory();
      await this.#generations.write(bytes);
    });
  }

  /**
   * The state as bytes, as it is now.
   * @throws {SerializationError}
   */
  encode(state: unknown): Uint8Array {
    return (
      serializePlain(state, 'checkpoint') ?? seldom().serialize(state, this.#options.capture, 'checkpoint')
    );
  }

  /** Resolves when it is on the disk. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#queue.add(bytes);
  }

  async load(): Promise<unknown> {
    await this.#queue.idle();
    const bytes = await this.#generations.read(async (whole) => whole);
    return bytes && deserialize(bytes, this.#options);
  }

  async idle(): Promise<void> {
    await this.#queue.idle();
  }
}
