/** Where and in what surroundings a call threw: what somebody would look at who could log in there at that moment. All of it is bounded in size. */
export interface Scene {
  /** The current directory. */
  readonly directory: string;
  /** What was in it: a hundred names at the most, sorted; those of directories end with a slash. */
  readonly names: readonly string[];
  /** How many there were. */
  readonly count: number;
  /** The job's scratch directory, if it has one. */
  readonly scratch: string | undefined;
  /** The packages of modules that were loaded, as `name version`. */
  readonly packages: readonly string[];
  /** Lines of source around the frames of the stack, by place (`file:line`). */
  readonly sources: readonly SourceLines[];
}

/** Some lines of a file around one of them. */
export interface SourceLines {
  /** As a frame of a stack names it, without the column: `file:///home/me/simulate.js:12`. */
  readonly place: string;
  /** The number of the first of the lines, counted from 1. */
  readonly first: number;
  readonly lines: readonly string[];
}

/** A frame of a stack that names a file. */
export interface StackFrame {
  /** `file:line`, as the stack has it. */
  readonly place: string;
  /** A path, or a file: URL. */
  readonly file: string;
  readonly line: number;
}

/** The frame in a line of a stack, if it names a file. */
export function frameIn(line: string): StackFrame | undefined {
  const [, place, file, number] =
    /^\s+at (?:.*\()?((file:\/\/\/.*?|\/.*?):(\d+))(?::\d+)?\)?$/.exec(line) ?? [];
  if (place === undefined || file === undefined) return undefined;
  return { place, file, line: Number(number) };
}
