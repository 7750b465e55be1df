import { turn } from './turn.ts';

/** Items from 0 on, as many as there are or without end; counts what was taken and whether it was closed. */
export class Source {
  taken = 0;
  closed = 0;
  readonly #end: number;

  constructor(end: number = Infinity) {
    this.#end = end;
  }

  *[Symbol.iterator](): Generator<number> {
    try {
      while (this.taken < this.#end) yield this.taken++;
    } finally {
      this.closed += 1;
    }
  }
}

/** The same items, each after a turn of the event loop. */
export async function* slowly<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await turn();
    yield item;
  }
}
