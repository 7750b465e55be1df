import { InvalidStateError, SerializationError } from '../../errors.ts';
import { CheckpointError } from '../../inside-errors.ts';
import type { Checkpoint } from '../../job.ts';
import { callDirectory, callsDirectory, checkpointDirectory, parseJobKey } from '../../job-set/names.ts';
import type { RunningCall } from '../running-call.ts';
import { makeDirectoriesSync } from './make-directories.ts';
import { checkPaths, SavedFiles } from './saved-files.ts';
import { SavedState } from './saved-state.ts';
import type { Termination } from './termination.ts';

/** The checkpoints of one call: those of its earlier attempts, too. */
export class SavedWork implements Checkpoint {
  readonly #termination: Termination;
  readonly #scratch: () => string;
  readonly #state: SavedState;
  readonly #files: SavedFiles;
  #over = false;

  /** @param scratch the directory for files that are restored */
  constructor({ writer, item, options }: RunningCall, termination: Termination, scratch: () => string) {
    this.#termination = termination;
    this.#scratch = scratch;
    const { directory, key } = writer.place;
    const { call } = parseJobKey(key);
    const own = checkpointDirectory(directory, call, item);
    const make = (): void =>
      makeDirectoriesSync(callsDirectory(directory), callDirectory(directory, call), own);
    this.#state = new SavedState(own, options, make);
    this.#files = new SavedFiles(own, make);
  }

  // Not async: what is wrong with the state is told at once, and the state is as it is now.
  async save(state: unknown): Promise<void> {
    this.#refuseWhenOver('save()');
    const bytes = this.#state.encode(state);
    await this.#termination.guard(told('written', this.#state.file, this.#state.write(bytes)));
  }

  async load<T>(): Promise<T | undefined> {
    this.#refuseWhenOver('load()');
    return (await told('read', this.#state.file, this.#state.load())) as T | undefined;
  }

  async saveFiles(...paths: string[]): Promise<void> {
    this.#refuseWhenOver('saveFiles()');
    checkPaths(paths);
    await this.#termination.guard(told('written', this.#files.file, this.#files.write(paths)));
  }

  async restoreFiles(directory: string = this.#scratch()): Promise<string[]> {
    this.#refuseWhenOver('restoreFiles()');
    return told('read', this.#files.file, this.#files.restore(directory));
  }

  /** Resolves when nothing is being written any more. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#state.idle();
    await this.#files.idle();
  }

  #refuseWhenOver(what: string): void {
    if (this.#over) {
      throw new InvalidStateError(
        `checkpoint.${what} of a call that is over. Remedy: await it in the call, before that returns`,
      );
    }
  }
}

/** Says of what the filesystem refuses that it was a checkpoint. */
async function told<T>(what: 'read' | 'written', file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof SerializationError || (error as NodeJS.ErrnoException).code === undefined)
      throw error;
    const message = `The checkpoint of the call could not be ${what}: ${(error as Error).message}`;
    throw new CheckpointError(message, file, { cause: error });
  }
}
