/** By the directory of a map's job set: what this program submits of it, one after the other, however many objects stand for the map. */
const turns = new Map<string, Promise<unknown>>();

/** Does something with a map when all that this program has begun to do so with it before is over. */
export async function inTurn<T>(directory: string, act: () => Promise<T>): Promise<T> {
  const before = turns.get(directory) ?? Promise.resolve();
  const own = before.then(act, act);
  turns.set(directory, own);
  try {
    return await own;
  } finally {
    if (turns.get(directory) === own) turns.delete(directory);
  }
}
