/** A stretch of a text, by offsets; `end` is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}
