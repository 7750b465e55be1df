import type { WriteStream } from 'node:tty';
import { formatCounts, type StatusCounts } from '../read/component.ts';

/** The progress of an operation on a map. */
export interface MapProgress {
  /** Undefined until the map has a tag. */
  readonly tag: string | undefined;
  /**
   * `writing`: inputs are written to the disk; `submitting`: their jobs are submitted; `waiting`: components
   * run; `removing`: jobs leave the queue, or `clean()` removes maps.
   */
  readonly phase: 'writing' | 'submitting' | 'waiting' | 'removing';
  readonly done: number;
  /** Undefined if unknown, because the inputs come from an iterator. */
  readonly total: number | undefined;
  /** The components by status, in the phase `waiting`. */
  readonly counts?: StatusCounts | undefined;
}

/** `true`: a progress bar on stderr if that is a terminal; or a function that receives the progress. */
export type ProgressOption = boolean | ((progress: MapProgress) => void);

/** Runs an operation and shows the progress that it reports, as the user's option says. */
export async function withProgress<T>(
  option: ProgressOption | undefined,
  work: (report: (progress: MapProgress) => void) => Promise<T>,
): Promise<T> {
  if (typeof option === 'function') return work(option);
  if (option !== true || !process.stderr.isTTY) return work(() => {});
  const bar = new ProgressBar(process.stderr);
  try {
    return await work((progress) => bar.show(progress));
  } finally {
    bar.end();
  }
}

/** Minimum time between two drawings, in milliseconds. */
const DRAW_INTERVAL_MS = 100;
const BAR_CHARACTERS = 24;
/** Width of a terminal that does not report its own. */
const DEFAULT_COLUMNS = 80;

/**
 * A progress bar in the last line of a terminal. Libraries for this listen for signals or hide the cursor;
 * this class does not, because the executor checks at the end of the process whether the program has signal
 * listeners.
 */
class ProgressBar {
  readonly #stream: WriteStream;
  #last: MapProgress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  constructor(stream: WriteStream) {
    this.#stream = stream;
  }

  show(progress: MapProgress): void {
    this.#last = progress;
    if (this.#timer !== undefined) return;
    this.#draw();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, DRAW_INTERVAL_MS).unref();
  }

  /** Clears the line. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#isDrawn) this.#clear();
  }

  #draw(): void {
    if (this.#last === undefined) return;
    const columns = this.#stream.columns > 0 ? this.#stream.columns : DEFAULT_COLUMNS;
    this.#clear();
    // The last column stays empty, because some terminals wrap the line when it is written.
    this.#stream.write(formatProgress(this.#last).slice(0, columns - 1));
    this.#isDrawn = true;
  }

  #clear(): void {
    this.#stream.cursorTo(0);
    this.#stream.clearLine(0);
  }
}

/** Progress as one line. */
export function formatProgress({ tag, phase, done, total, counts }: MapProgress): string {
  const title = tag === undefined ? phase : `${tag}: ${phase}`;
  const others = counts === undefined ? '' : formatCounts({ ...counts, completed: 0 });
  const details = others === '' ? '' : `  ${others}`;
  if (total === undefined) return `${title} ${done}${details}`;
  const filled = total === 0 ? BAR_CHARACTERS : Math.floor((BAR_CHARACTERS * done) / total);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_CHARACTERS - filled);
  return `${title} [${bar}] ${done}/${total}${details}`;
}
