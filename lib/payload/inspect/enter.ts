import { types } from 'node:util';
import { canStop, probe } from './can-stop.ts';
import { withDebugger } from './debugger.ts';
import { exchange, idsOf } from './exchange.ts';
import { findInside, type FunctionInside } from './scopes.ts';
import { scriptOf } from './scripts.ts';
import { stopAtEntry, type Entered, type EntryRules } from './stop-at-entry.ts';

export { withDebugger } from './debugger.ts';
export type { Entered, EntryRules } from './stop-at-entry.ts';

/** What the text of a function tells about stopping it at its beginning. */
export interface EnterRules extends EntryRules {
  /** Whether some of its code may run before its first statement, or V8 is not to be trusted there. */
  readonly unsafeToEnter: boolean;
  readonly isClass: boolean;
  readonly isGenerator: boolean;
}

/**
 * The value that an expression has at the beginning of a function's body: `this`, or functions that read and assign the
 * variables that are seen there. The function is called and stopped before any of its code runs; it is refused where that
 * is not certain.
 * @param expression must be made by us: it is evaluated, and must do nothing
 * @throws {InspectorUnavailableError}
 */
export function evaluateInside(fn: Function, expression: string, rules: EnterRules): Entered {
  const why = brokenBecause ?? refusalOf(fn, rules);
  if (why !== undefined) return { ok: false, why };
  return exchange(() => {
    const [objectId, probeId] = idsOf([fn, probe]) as [string, string];
    const [inside] = findInside([objectId]) as [FunctionInside];
    const whyNot = refusalInside(inside);
    if (whyNot !== undefined) return { ok: false, why: whyNot };
    return withDebugger((): Entered => {
      if (scriptOf(inside.scriptId as string)?.url.startsWith('node:') === true) {
        return { ok: false, why: 'it is a part of Node.js' };
      }
      if (!canStop(probeId)) return { ok: false, why: 'functions cannot be stopped here at their beginning' };
      const entered = stopAtEntry({ fn, objectId, inside }, expression, rules);
      if (entered !== 'not stopped') return entered;
      brokenBecause = `${fn.name || 'a function'} did not stop at its beginning`;
      return { ok: false, why: 'it did not stop at its beginning' };
    });
  });
}

/** Once a function could not be stopped, it is not tried again in this process. */
let brokenBecause: string | undefined;

function refusalOf(fn: Function, { isClass, unsafeToEnter }: EnterRules): string | undefined {
  if (types.isProxy(fn)) return 'it is a Proxy';
  // A method may be named so, too.
  if (isClass || /^class(?!\s*\()/.test(Function.prototype.toString.call(fn))) return 'it is a class';
  return unsafeToEnter ? 'it begins with a class, a `switch` or a `with` statement' : undefined;
}

function refusalInside({ scriptId, scopes }: FunctionInside): string | undefined {
  if (scriptId === undefined) return 'it is a native or a bound function';
  // An object may say that it has whatever name is looked for, ours among them.
  if (scopes.some(({ type }) => type === 'with')) return 'it is within a `with` statement';
  return hasRoomOnStack() ? undefined : 'too many calls are within each other';
}

/** So many arguments need 250 kB of the stack, several times what stopping a function takes. */
const MANY_ARGUMENTS: readonly undefined[] = Array.from({ length: 32_000 });

/** Where the stack ends while a function is being stopped, it would go on. */
function hasRoomOnStack(): boolean {
  try {
    return Reflect.apply(Object.is, undefined, MANY_ARGUMENTS);
  } catch {
    return false;
  }
}
