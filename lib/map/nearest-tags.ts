/** How many are offered. */
const MOST = 3;

/** Tags that somebody may have meant who wrote another one: the nearest first, a few at the most. */
export function nearestTags(wanted: string, tags: readonly string[]): string[] {
  // A slip in about every third character.
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return tags
    .map((tag) => ({ tag, distance: distanceOf(wanted.toLowerCase(), tag.toLowerCase(), limit) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ tag }) => tag);
}

/** How many characters must be put in, left out or replaced to make one text of the other; more than the limit, once it must be. */
function distanceOf(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] as number;
}
