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
