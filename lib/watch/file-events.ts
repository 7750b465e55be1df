import { watch, type FSWatcher } from 'chokidar';

/**
 * Says which directory entries change, in a few directories or files: two watchers of the operating system, however many
 * outcomes are awaited. Says nothing of what other machines write to a network filesystem.
 */
export class FileEvents {
  readonly #watcher: FSWatcher;

  /**
   * @param listener gets the name of what changed and the path, one of `paths`, that it was noticed on
   * @param onReady is called when the watching has begun: what changed before that is not told
   */
  constructor(
    paths: readonly string[],
    listener: (name: string, watched: string) => void,
    onReady: () => void,
  ) {
    this.#watcher = watch([...paths], {
      depth: 0,
      ignoreInitial: true,
      // What keeps the process alive is a pending future, not a watcher.
      persistent: false,
      // Else chokidar would watch every outcome file by itself: the raw events of the directory tell its name already.
      ignored: (path) => !paths.includes(path),
    });
    this.#watcher.on('raw', (_event, name, details) => {
      listener(name, (details as { watchedPath: string }).watchedPath);
    });
    this.#watcher.on('ready', onReady);
    // Where nothing can be watched (too many watchers on this machine, say) the sweep still finds everything.
    this.#watcher.on('error', () => {});
  }

  async close(): Promise<void> {
    await this.#watcher.close();
  }
}
