import { inspect } from 'node:util';

type Kind = 'string' | 'boolean' | 'number' | 'object' | 'function' | 'array of strings';

/**
 * The names of a function's or class's options, each with the kinds that it may have; none where the value is
 * checked elsewhere.
 */
export type OptionTable = Readonly<Record<string, readonly Kind[]>>;

/**
 * Checks options: refuses unknown names, naming the known ones, and values of the wrong kind.
 * @param owner whose options they are, for the message
 * @throws {TypeError}
 */
export function checkOptions(owner: string, options: object, table: OptionTable): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`Expected the options of ${owner} to be an object, got ${showValue(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const kinds = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kinds === undefined) {
      throw new TypeError(
        `${owner} has no option \`${name}\`. Its options: ${Object.keys(table).join(', ')}`,
      );
    }
    if (value !== undefined && kinds.length > 0 && !kinds.some((kind) => isKind(value, kind))) {
      throw new TypeError(
        `Expected \`${name}\` of ${owner} to be ${withArticle(kinds)}, got ${showValue(value)}`,
      );
    }
  }
}

/**
 * Checks a number from `least` up, which must be whole unless `fraction` is set; Infinity passes.
 * @throws {RangeError}
 */
export function checkNumber(
  name: string,
  value: number,
  least: number,
  fraction: 'whole' | 'fraction' = 'whole',
): number {
  const fits = value >= least && (fraction === 'fraction' || Number.isInteger(value) || value === Infinity);
  if (!fits) {
    const what = fraction === 'whole' ? 'a whole number' : 'a number';
    throw new RangeError(`Expected \`${name}\` to be ${what} from ${least} up, got ${showValue(value)}`);
  }
  return value;
}

/**
 * Checks that a value is one of the choices.
 * @throws {RangeError}
 */
export function checkChoice<C extends string>(name: string, value: string, choices: readonly C[]): C {
  if (!(choices as readonly string[]).includes(value)) {
    throw new RangeError(`Expected \`${name}\` to be one of ${choices.join(', ')}, got ${showValue(value)}`);
  }
  return value as C;
}

/**
 * Checks that a signal is an AbortSignal, not its AbortController, say.
 * @throws {TypeError}
 */
export function checkSignal(owner: string, signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.aborted !== 'boolean') {
    throw new TypeError(`Expected \`signal\` of ${owner} to be an AbortSignal, got ${showValue(signal)}`);
  }
}

/** Formats a value for a message: the value in short, and its type. */
export function showValue(value: unknown): string {
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60 });
  return value === null || value === undefined ? `\`${text}\`` : `\`${text}\` (${typeof value})`;
}

/** @returns the name of a value's class, or its type */
export function nameOfType(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return (value.constructor as { name?: string } | undefined)?.name ?? 'object';
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'array of strings')
    return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}

function withArticle(kinds: readonly Kind[]): string {
  return kinds.map((kind) => `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`).join(' or ');
}
