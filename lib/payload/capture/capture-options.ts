import { types } from 'node:util';
import { checkChoice, showValue } from '../../base/checks.ts';

/** How functions and what they capture travel. */
export interface CaptureOptions {
  /**
   * Modules whose functions and classes travel as their source, though a job could load them: packages by name, files or
   * directories by path or URL, or patterns that the module's URL matches.
   */
  readonly byValue?: readonly (string | RegExp)[] | undefined;
  /** Modules that jobs load by themselves, though their source here is not what is on the disk: as where jobs have the same loader. */
  readonly byReference?: readonly (string | RegExp)[] | undefined;
  /**
   * Whether the `this` of an arrow function may be read by entering and aborting a call of it, before any of its code runs;
   * with `never`, arrow functions that use the `this` around them are refused.
   * @default 'auto'
   */
  readonly captureThis?: 'auto' | 'never' | undefined;
}

/**
 * The options alone, without others that stand beside them.
 * @throws {TypeError} {@link RangeError}
 */
export function checkCaptureOptions({ byValue, byReference, captureThis }: CaptureOptions): CaptureOptions {
  for (const [name, patterns] of Object.entries({ byValue, byReference })) {
    if (patterns !== undefined && !isPatterns(patterns)) {
      throw new TypeError(
        `Expected \`${name}\` to be an array of strings and regular expressions, got ${showValue(patterns)}`,
      );
    }
  }
  if (captureThis !== undefined) checkChoice('captureThis', captureThis, ['auto', 'never']);
  return { byValue, byReference, captureThis };
}

function isPatterns(patterns: unknown): boolean {
  return (
    Array.isArray(patterns) &&
    patterns.every((pattern) => typeof pattern === 'string' || types.isRegExp(pattern))
  );
}
