import { clearLine, cursorTo } from 'node:readline';
import type { WriteStream } from 'node:tty';
import { formatCounts, type StatusCounts } from '../read/component.ts';

/** How far something has come that is done with maps. */
export interface MapProgress {
  /** Undefined before the map has one. */
  readonly tag: string | undefined;
  /**
   * `writing`: inputs are brought to the disk; `submitting`: the batch system is asked for their jobs; `waiting`: for components; `removing`: components
   * leave the queue, or `clean()` removes maps.
   */
  readonly phase: 'writing' | 'submitting' | 'waiting' | 'removing';
  readonly done: number;
  /** Undefined if it is not known, as of inputs that are still being made. */
  readonly total: number | undefined;
  /** Of the components, while they are waited for. */
  readonly counts?: StatusCounts | undefined;
}

/** `true`: a bar on stderr, if that is a terminal, which goes away at the end; or a function that is told. */
export type ProgressOption = boolean | ((progress: MapProgress) => void);

/** Shows how far some work has come, as that tells, until it ends in whatever way. */
export async function withProgress<T>(
  option: ProgressOption | undefined,
  work: (tell: (progress: MapProgress) => void) => Promise<T>,
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

/** So often it is drawn, at the most, in milliseconds. */
const PAUSE_MS = 100;
const BAR_CHARACTERS = 24;
/** Where the terminal does not tell. */
const USUAL_COLUMNS = 80;

/**
 * The last line of a terminal. It listens for no signals and leaves the cursor as it is, unlike libraries for this: what looks after jobs at the process's
 * end must know that nobody else listens.
 */
export class ProgressBar {
  readonly #stream: WriteStream;
  #last: MapProgress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #drawn = false;

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
    }, PAUSE_MS).unref();
  }

  /** The line is empty again. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#drawn) this.#clear();
  }

  #draw(): void {
    if (this.#last === undefined) return;
    const columns = this.#stream.columns > 0 ? this.#stream.columns : USUAL_COLUMNS;
    this.#clear();
    // Within one line, whose last place some terminals do not like.
    this.#stream.write(progressLine(this.#last).slice(0, columns - 1));
    this.#drawn = true;
  }

  #clear(): void {
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
  }
}

/** How far it has come, in a line. */
export function progressLine({ tag, phase, done, total, counts }: MapProgress): string {
  const what = tag === undefined ? phase : `${tag}: ${phase}`;
  const other = counts === undefined ? '' : formatCounts({ ...counts, completed: 0 });
  const details = other === '' ? '' : `  ${other}`;
  if (total === undefined) return `${what} ${done}${details}`;
  const filled = total === 0 ? BAR_CHARACTERS : Math.floor((BAR_CHARACTERS * done) / total);
  const bar = '#'.repeat(filled) + '-'.repeat(BAR_CHARACTERS - filled);
  return `${what} [${bar}] ${done}/${total}${details}`;
}
