/**
 * Pauses grow from the first to the longest, by a half each; each is up to a quarter shorter by chance, so that programs that were refused
 * together do not come again together.
 */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const GROWTH = 1.5;
const SHORTER_BY = 0.25;

export interface Patience {
  /** How long tries may be begun, in milliseconds; 0 means one try. */
  readonly longest: number;
  /** Whether an error may pass by itself. */
  readonly mayPass: (error: unknown) => boolean;
  /** Called before the first pause. */
  readonly onFirstFailure?: (error: unknown) => void;
  /** Ends the waiting: nobody wants the result any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does something, and tries it again and again while its errors may pass, with growing pauses.
 * @throws the last error
 */
export async function patiently<T>(
  act: () => Promise<T>,
  { longest, mayPass, onFirstFailure, signal }: Patience,
): Promise<T> {
  const deadline = performance.now() + longest;
  const isUnwanted = (): boolean => signal?.aborted === true;
  for (let next = FIRST_PAUSE_MS; ; next = Math.min(next * GROWTH, LONGEST_PAUSE_MS)) {
    try {
      return await act();
    } catch (error) {
      const left = deadline - performance.now();
      if (!mayPass(error) || left <= 0 || isUnwanted()) throw error;
      if (next === FIRST_PAUSE_MS) onFirstFailure?.(error);
      // The last try is made when the time is over, not a long pause before.
      await pause(Math.min(next * (1 - SHORTER_BY * Math.random()), left), signal);
      if (isUnwanted()) throw error;
    }
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
  });
}
