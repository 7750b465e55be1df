import { type FSWatcher as DirectoryWatcher, watch as watchDirectory } from 'node:fs';
import { type FSWatcher as LogWatcher, watch as watchFile } from 'chokidar';

/** What is watched, and who is told. */
export interface FileEventsOptions {
  readonly directory: string;
  /** Gets the name of each entry that changes. */
  readonly onEntry: (name: string) => void;
  /** A file that may be replaced by another of its name, if there is one to watch. */
  readonly log: string | undefined;
  readonly onLog: () => void;
  /** The watching has begun: what changed before that is not told. */
  readonly onReady: () => void;
}

/**
 * Says which entries of a directory change, and when a log does: two watchers of the operating system, however many outcomes
 * are awaited. Says nothing of what other machines write to a network filesystem.
 */
export class FileEvents {
  readonly #directory: DirectoryWatcher | undefined;
  readonly #log: LogWatcher | undefined;

  // What keeps the process alive is a pending future, not a watcher. Where nothing can be watched (too many watchers on this
  // machine, say) the sweep still finds everything.
  constructor({ directory, onEntry, log, onLog, onReady }: FileEventsOptions) {
    this.#directory = watchEntries(directory, onEntry);
    if (log === undefined) {
      setImmediate(onReady);
      return;
    }
    this.#log = watchFile(log, { ignoreInitial: true, persistent: false });
    this.#log.on('raw', onLog);
    this.#log.on('ready', onReady);
    this.#log.on('error', () => {});
  }

  async close(): Promise<void> {
    this.#directory?.close();
    await this.#log?.close();
  }
}

/**
 * Not with chokidar, which at each change, though at most once a second, asks for the state of every file in the directory: with
 * 100,000 outcomes it would do nothing else.
 */
function watchEntries(directory: string, onEntry: (name: string) => void): DirectoryWatcher | undefined {
  try {
    const watcher = watchDirectory(directory, { persistent: false }, (_event, name) => {
      if (name !== null) onEntry(name);
    });
    return watcher.on('error', () => {});
  } catch {
    return undefined;
  }
}
