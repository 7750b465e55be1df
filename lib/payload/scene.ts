/** Surroundings in which a call threw, for its error report. All of it is bounded in size. */
export interface Scene {
  /** Current directory of the job. */
  readonly directory: string;
  /** Up to 100 names of entries in it, sorted; names of directories end with a slash. */
  readonly names: readonly string[];
  /** Number of all its entries. */
  readonly count: number;
  /** The job's scratch directory, if it has one. */
  readonly scratch: string | undefined;
  /** Packages of loaded modules, as `name version`. */
  readonly packages: readonly string[];
  /** Lines of source around the frames of the stack. */
  readonly sources: readonly SourceLines[];
}

/** Lines of a file around one of them. */
export interface SourceLines {
  /** Place as in a frame of the stack, without the column: `file:///home/me/simulate.js:12`. */
  readonly place: string;
  /** Number of the first line, counted from 1. */
  readonly first: number;
  readonly lines: readonly string[];
}

/** Frame of a stack that names a file. */
export interface StackFrame {
  /** `file:line` as in the stack. */
  readonly place: string;
  /** Path or file URL. */
  readonly file: string;
  readonly line: number;
}

/** Parses a line of a stack; undefined if it names no file. */
export function frameIn(line: string): StackFrame | undefined {
  const [, place, file, number] =
    /^\s+at (?:.*\()?((file:\/\/\/.*?|\/.*?):(\d+))(?::\d+)?\)?$/.exec(line) ?? [];
  if (place === undefined || file === undefined) return undefined;
  return { place, file, line: Number(number) };
}
