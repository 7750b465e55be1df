/** Whether a value travels within others as it is: neither an object, whose identity may matter, nor a symbol. */
export function isPrimitive(value: unknown): boolean {
  return (
    value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  );
}
