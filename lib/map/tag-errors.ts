import { CondorFuturesError } from '../errors.ts';

/** A tag that no map can have: the message says what is wrong with it, and has one that would do. */
export class InvalidTagError extends CondorFuturesError {
  readonly tag: string;

  constructor(message: string, tag: string) {
    super(message);
    this.tag = tag;
  }

  static {
    this.prototype.name = 'InvalidTagError';
  }
}

/** Another map of the directory has the tag. */
export class TagTakenError extends CondorFuturesError {
  readonly tag: string;

  constructor(message: string, tag: string) {
    super(message);
    this.tag = tag;
  }

  static {
    this.prototype.name = 'TagTakenError';
  }
}

/** No map of the directory has the tag. */
export class TagNotFoundError extends CondorFuturesError {
  readonly tag: string;
  /** Tags that there are, and that read much the same; the nearest first. */
  readonly nearest: readonly string[];

  constructor(message: string, tag: string, nearest: readonly string[]) {
    super(message);
    this.tag = tag;
    this.nearest = nearest;
  }

  static {
    this.prototype.name = 'TagNotFoundError';
  }
}
