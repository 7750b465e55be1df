import type { StatusCounts } from './count-statuses.ts';

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
  const { ProgressBar } = await import('./progress-bar.ts');
  const bar = new ProgressBar(process.stderr);
  try {
    return await work((progress) => bar.show(progress));
  } finally {
    bar.end();
  }
}
