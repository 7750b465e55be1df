/** One character of a pattern: any number of any, one by what it may be. */
type Part = 'any number' | ((character: string) => boolean);

/**
 * Whether tags fit a pattern, as a shell has them: `*` any number of characters, `?` any one, `[a-f]` one of these, `[!a-f]` one of the others.
 * Case matters. A `[` that is never closed stands for itself.
 */
export function tagPattern(pattern: string): (tag: string) => boolean {
  const parts = parse(Array.from(pattern));
  return (tag) => fits(parts, Array.from(tag));
}

function parse(characters: readonly string[]): Part[] {
  const parts: Part[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    // A `]` at once belongs to the class: none is empty.
    const isNegated = characters[i + 1] === '!';
    const first = i + (isNegated ? 2 : 1);
    const end = character === '[' ? characters.indexOf(']', first + 1) : -1;
    if (character === '*') parts.push('any number');
    else if (character === '?') parts.push(() => true);
    else if (end === -1) parts.push((other) => other === character);
    else {
      const isMember = memberOf(characters.slice(first, end));
      parts.push((other) => isMember(other) !== isNegated);
      i = end;
    }
  }
  return parts;
}

function memberOf(members: readonly string[]): (character: string) => boolean {
  const ranges: [string, string][] = [];
  for (let i = 0; i < members.length; i++) {
    const from = members[i] as string;
    const to = members[i + 1] === '-' ? members[i + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) i += 2;
  }
  return (character) =>
    ranges.some(([from, to]) => code(from) <= code(character) && code(character) <= code(to));
}

function code(character: string): number {
  return character.codePointAt(0) as number;
}

/** In time that grows with pattern times tag, however many stars there are: only the last star can have to take more. */
function fits(parts: readonly Part[], tag: readonly string[]): boolean {
  let part = 0;
  let star: { part: number; taken: number } | undefined;
  for (let at = 0; at < tag.length;) {
    const next = parts[part];
    if (next === 'any number') {
      star = { part, taken: at };
      part += 1;
    } else if (next?.(tag[at] as string) === true) {
      part += 1;
      at += 1;
    } else if (star === undefined) return false;
    else {
      star.taken += 1;
      at = star.taken;
      part = star.part + 1;
    }
  }
  return parts.slice(part).every((left) => left === 'any number');
}
