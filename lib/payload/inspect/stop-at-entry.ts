import type { Debugger } from 'node:inspector';
import { types } from 'node:util';
import { Script } from 'node:vm';
import { withCleanUp } from './clean-up.ts';
import { hook, KEY, mainGlobal, offer, withdraw } from './exchange.ts';
import { isTerminated, post, terminate, terminator } from './inspector.ts';
import type { FunctionInside } from './scopes.ts';
import { standIn } from './stand-in.ts';

export type Entered =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

/** A function, and what the inspector knows of it. */
export interface Enterable {
  readonly fn: Function;
  readonly objectId: string;
  readonly inside: FunctionInside;
}

/** How a function is to be stopped. */
export interface EntryRules {
  /** Whether all parameters are names without default values. */
  readonly plainParameters: boolean;
  /**
   * Whether the first place for a breakpoint that V8 finds is the first that is reached. It is not where a call in a default
   * value has one, or where V8 mistakes the position of an optional chain, as in `while (a?.b)`. If it is not said, there
   * are breakpoints everywhere, in functions that are small enough.
   */
  readonly certainEntry?: boolean;
}

/**
 * Calls a function that is stopped by a breakpoint at its beginning. The condition of the breakpoint is what evaluates the
 * expression; then it ends the call, and is false, so that the debugger does not stop. Needs the debugger, within `exchange`.
 * @returns `not stopped` if the function ran, or may have run
 */
export function stopAtEntry(
  { fn, objectId, inside }: Enterable,
  expression: string,
  { plainParameters, certainEntry = false }: EntryRules,
): Entered | 'not stopped' {
  const { global } = inside;
  const breakpoints: string[] = [];
  const places = certainEntry ? [] : placesIn(inside);
  if (places.length > MOST_PLACES) return { ok: false, why: 'it is too long to tell where it begins' };
  return withCleanUp(
    () => {
      // Without the hook, the condition fails, and the function runs.
      if (!offer(global)) return { ok: false, why: 'the global object of its realm cannot be extended' };
      const condition = conditionFor(expression);
      breakpoints.push(post('Debugger.setBreakpointOnFunctionCall', { objectId, condition }).breakpointId);
      for (const location of places) breakpoints.push(...breakAt(location, condition));
      return callAndAbort(fn, plainParameters ? [] : Array.from({ length: MOST_PARAMETERS }).fill(standIn()));
    },
    () => {
      for (const breakpointId of breakpoints) post('Debugger.removeBreakpoint', { breakpointId });
      if (global !== mainGlobal) withdraw(global);
    },
  );
}

const MOST_PARAMETERS = 100;

/** The time that setting breakpoints takes grows with the square of their number: some 10 ms for so many. */
const MOST_PLACES = 60;

function callAndAbort(fn: Function, args: readonly unknown[]): Entered | 'not stopped' {
  let entered: Entered | undefined;
  hook.enter = (read: () => unknown, evaluate?: unknown): void => {
    entered =
      evaluate === undefined || isEval(evaluate)
        ? tryTo(read)
        : { ok: false, why: '`eval` is not what it was' };
  };
  // A call of Node's own function is the last thing that the condition does: what follows is ended.
  hook.abort = terminator();
  hook.call = (): void => callUntilBody(fn, args);
  if (!isTerminated('Runtime.evaluate', { expression: `${KEY}.call()`, objectGroup: KEY, silent: true }))
    return 'not stopped';
  if (entered === undefined) terminate();
  return entered ?? 'not stopped';
}

/** A generator begins when it is asked for its first value. */
function callUntilBody(fn: Function, args: readonly unknown[]): void {
  const result: unknown = Reflect.apply(fn, undefined, args);
  if (types.isGeneratorFunction(fn))
    Reflect.apply(types.isAsyncFunction(fn) ? nextOfAsync : nextOf, result, []);
}

const nextOf = nextIn(function* () {}.prototype);
const nextOfAsync = nextIn(async function* () {}.prototype);

function nextIn(prototype: object): Function {
  return (Object.getPrototypeOf(prototype) as { next: Function }).next;
}

function tryTo(read: () => unknown): Entered {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    return { ok: false, why: String(error) };
  }
}

/** A condition that does not compile counts as false: the function would run. What may not compile goes through `eval`. */
function conditionFor(expression: string): string {
  if (compilesEverywhere(expression)) return `(${KEY}.enter(() => (${expression})), ${KEY}.abort(), false)`;
  hook.code = `(${expression})`;
  return `(${KEY}.enter(() => eval(${KEY}.code), eval), ${KEY}.abort(), false)`;
}

function compilesEverywhere(expression: string): boolean {
  if (expression === 'this') return true;
  if (/#|\b(?:await|yield|new|super|import)\b/.test(expression)) return false;
  try {
    void new Script(`'use strict'; () => (${expression})`);
    return true;
  } catch {
    return false;
  }
}

/** Each realm has its own. */
function isEval(value: unknown): boolean {
  return (
    typeof value === 'function' &&
    /^function eval\(\) \{\s*\[native code\]/.test(Function.prototype.toString.call(value))
  );
}

function placesIn({ scriptId, line, column }: FunctionInside): readonly Debugger.Location[] {
  const start = { scriptId, lineNumber: line, columnNumber: column };
  return post('Debugger.getPossibleBreakpoints', { start, restrictToFunction: true }).locations;
}

function breakAt({ scriptId, lineNumber, columnNumber }: Debugger.Location, condition: string): string[] {
  try {
    const location = { scriptId, lineNumber, columnNumber };
    return [post('Debugger.setBreakpoint', { location, condition }).breakpointId];
  } catch (error) {
    if (String(error).includes('already exists')) return [];
    throw error;
  }
}
