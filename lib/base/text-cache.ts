/**
 * Keeps what was made of texts. The oldest go when all together are too long, because a count would be too low
 * for packages of many small files, or too high for bundles.
 */
export class TextCache<Value> {
  readonly #values = new Map<string, { readonly value: Value; readonly length: number }>();
  readonly #maxLength: number;
  #length = 0;

  /**
   * Creates an empty cache.
   * @param maxLength of all texts together, in characters
   */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * Returns the value that is kept for a key, and otherwise makes and keeps it.
   * @param make makes the value, and returns it with the length of its text
   */
  get(key: string, make: () => readonly [value: Value, length: number]): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known.value;
    const [value, length] = make();
    this.#values.set(key, { value, length });
    this.#length += length;
    for (const [oldest, kept] of this.#values) {
      if (this.#length <= this.#maxLength) break;
      this.#values.delete(oldest);
      this.#length -= kept.length;
    }
    return value;
  }
}
