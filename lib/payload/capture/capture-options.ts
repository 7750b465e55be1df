import { types } from 'node:util';
import { checkChoice, showValue } from '../../base/checks.ts';

/** Controls how functions and the values they capture are sent. */
export interface CaptureOptions {
  /**
   * Modules whose functions and classes are sent as source even if a job could import them: packages by name,
   * files or directories by path or URL, or regular expressions that match a module's URL.
   */
  readonly byValue?: readonly (string | RegExp)[] | undefined;
  /**
   * Modules that jobs import themselves even if the source here differs from the file, for example because
   * the jobs use the same loader. Named as in `byValue`.
   */
  readonly byReference?: readonly (string | RegExp)[] | undefined;
  /**
   * Whether the `this` of an arrow function may be read by calling it and aborting the call before any of its
   * code runs. With `never`, arrow functions that use the `this` around them are refused.
   * @default 'auto'
   */
  readonly captureThis?: 'auto' | 'never' | undefined;
  /**
   * Modules that the reader imports before anything else, in this order, named as in an `import` of the main
   * program: plugins, locales, metadata, polyfills.
   * @default []
   */
  readonly preload?: readonly string[] | undefined;
}

/** Options of one capture. */
export interface GraphOptions extends CaptureOptions {
  /**
   * Whether modules of the program go by value, because the state of an instance is in one of their classes:
   * then a class is one for all of its users.
   * @default false until such an instance is found
   */
  readonly sendsModules?: boolean | undefined;
  /**
   * Modules that the reader imports before, whoever tells it to; undefined if that is not known: then nothing
   * is refused for want of one.
   */
  readonly preloaded?: readonly string[] | undefined;
}

/**
 * Checks the options, and returns them without other properties of the object.
 * @throws {TypeError}
 * @throws {RangeError}
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

/**
 * Checks the option `preload`.
 * @throws {TypeError}
 */
export function checkPreload(preload: readonly string[] | undefined): void {
  if (preload === undefined) return;
  if (!Array.isArray(preload) || preload.some((name) => typeof name !== 'string'))
    throw new TypeError(`Expected \`preload\` to be an array of strings, got ${showValue(preload)}`);
  if (preload.some((name) => name.trim() === ''))
    throw new TypeError(
      "Expected the strings in `preload` to be modules, as after `import`: 'reflect-metadata' or './setup.js', got an empty string",
    );
}

function isPatterns(patterns: unknown): boolean {
  return (
    Array.isArray(patterns) &&
    patterns.every((pattern) => typeof pattern === 'string' || types.isRegExp(pattern))
  );
}
