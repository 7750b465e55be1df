/** The meaning of a star in a pattern, and whether `?` and classes are special too. */
export interface GlobSyntax {
  /** A regular expression of one character. */
  readonly star: string;
  readonly questionMarkAndClasses: boolean;
}

/**
 * As the shell and fnmatch(3) have it: `*` any number of characters, `?` any one, `[a-f]` one of these,
 * `[!a-f]` one of the others.
 */
export const SHELL_GLOB: GlobSyntax = { star: '[^]', questionMarkAndClasses: true };

/**
 * Parts of paths: `*` any number of characters but slashes; nothing else is special, as `[id].js` is a common
 * name of files.
 */
export const PATH_GLOB: GlobSyntax = { star: '[^/]', questionMarkAndClasses: false };

/**
 * Translates a pattern to a regular expression that matches whole texts. Case matters. A `[` that is never
 * closed stands for itself; the first member of a class may be `]`.
 */
export function globToRegExp(pattern: string, { star, questionMarkAndClasses }: GlobSyntax): RegExp {
  const segments = [''];
  const add = (text: string): void => void (segments[segments.length - 1] += text);
  const characters = Array.from(pattern);
  for (let i = 0; i < characters.length; i += 1) {
    const character = characters[i] as string;
    const isNegated = characters[i + 1] === '!';
    const first = i + (isNegated ? 2 : 1);
    const end = character === '[' && questionMarkAndClasses ? characters.indexOf(']', first + 1) : -1;
    if (character === '*') segments.push('');
    else if (character === '?' && questionMarkAndClasses) add('[^]');
    else if (end === -1) add(literal(character));
    else {
      add(classOf(characters.slice(first, end), isNegated));
      i = end;
    }
  }
  const last = segments.length - 1;
  // A lookahead is never entered again: each star but the last takes as little as it can, once. Else
  // `*a*a*a*b` would try all ways of dividing a text, for hours.
  const parts = segments.map((segment, at) => {
    if (at === 0) return segment;
    return at === last ? `${star}*${segment}` : `(?=(${star}*?${segment}))\\${at}`;
  });
  return new RegExp(`^${parts.join('')}$`, 'u');
}

function classOf(members: readonly string[], isNegated: boolean): string {
  let text = '';
  for (let i = 0; i < members.length; i += 1) {
    const from = members[i] as string;
    const to = members[i + 1] === '-' ? members[i + 2] : undefined;
    if (to !== undefined) i += 2;
    const isEmpty = to !== undefined && (from.codePointAt(0) as number) > (to.codePointAt(0) as number);
    if (!isEmpty) text += to === undefined ? literal(from) : `${literal(from)}-${literal(to)}`;
  }
  return `[${isNegated ? '^' : ''}${text}]`;
}

/** A character that means itself, in a class and outside. */
function literal(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? `\\x${hex(character)}` : character;
}

function hex(character: string): string {
  return (character.codePointAt(0) as number).toString(16).padStart(2, '0');
}
