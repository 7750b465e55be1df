import type { Parser } from 'acorn';
import { createRequire } from 'node:module';

/** Loads the parser on first use: it takes some milliseconds, and most calls never need it. */
export function loadAcorn(): typeof import('acorn') {
  // A bundler that makes CommonJS puts acorn into the bundle because of this very form, and runs it only when
  // called. In an ES module there is no `require`.
  if (typeof require === 'function') return require('acorn') as typeof import('acorn');
  return createRequire(import.meta.url)('acorn') as typeof import('acorn');
}

let parser: typeof Parser | undefined;

/**
 * The parser for text that this process runs: V8 has accepted its regular expressions, also those with a newer
 * Unicode property than the parser's tables know, so they are not looked at.
 */
export function trustingParser(): typeof Parser {
  parser ??= loadAcorn().Parser.extend(
    (Base) =>
      class extends Base {
        validateRegExpFlags(): void {}
        validateRegExpPattern(): void {}
      },
  );
  return parser;
}
