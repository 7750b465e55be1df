/** So many items a stand-in has when it is iterated: more than patterns look for, and an end for `[...rest]`. */
const ITEMS = 100;

/**
 * A value for a parameter, whatever pattern it has: everything that is looked for in it is there, so that no default value is
 * evaluated, and doing that runs nothing but this.
 */
export function standIn(): object {
  const self: object = new Proxy(() => undefined, {
    get: (_target, key) => (key === Symbol.iterator ? () => items(self) : self),
    // What `{ ...rest }` copies.
    ownKeys: () => [],
  });
  return self;
}

function* items(item: object): Iterable<object> {
  for (let count = 0; count < ITEMS; count += 1) yield item;
}
