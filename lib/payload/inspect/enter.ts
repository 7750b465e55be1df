import type { Debugger } from 'node:inspector';
import { types } from 'node:util';
import { runInThisContext, Script } from 'node:vm';
import { mainGlobal } from '../reference/members.ts';
import { exchange, hook, idsOf, installHook, KEY, removeHook } from './exchange.ts';
import { findInside, type FunctionInside, scriptOf } from './scopes.ts';
import {
  isTerminated,
  post,
  terminate,
  terminator,
  timesEnabled,
  withCleanUp,
  withDebugger,
} from './session.ts';

/** So many arguments take 250 kB of the stack, several times what stopping a function takes. */
const MANY_ARGUMENTS: readonly undefined[] = Array.from({ length: 32_000 });

/** Setting breakpoints takes time quadratic in their number: some 10 ms for this many. */
const MAX_LOCATIONS = 60;

const MAX_PARAMETERS = 100;

/** The items of an iterated stand-in: more than patterns look for, and an end for `[...rest]`. */
const ITEM_COUNT = 100;

/** Facts from the text of a function that decide whether it can be stopped at its entry. */
export interface EnterRules extends EntryRules {
  /** Whether some of its code may run before its first statement, or V8 cannot be trusted there. */
  readonly unsafeToEnter: boolean;
  readonly isClass: boolean;
}

/**
 * Evaluates an expression at the entry of a function: `this`, or functions that read and assign the variables
 * visible there. The function is called and stopped before any of its code runs; if that is not certain, it
 * is refused.
 * @param expression is evaluated, so it must be made by us and have no effects
 * @throws {InspectorUnavailableError}
 */
export function evaluateInside(fn: Function, expression: string, rules: EnterRules): Entered {
  const why = entryFailure ?? refusalOf(fn, rules);
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
      entryFailure = `${fn.name || 'a function'} did not stop at its beginning`;
      return { ok: false, why: 'it did not stop at its beginning' };
    });
  });
}

/** The reason why no function is entered any more in this process: one did not stop. */
let entryFailure: string | undefined;

function refusalOf(fn: Function, { isClass, unsafeToEnter }: EnterRules): string | undefined {
  if (types.isProxy(fn)) return 'it is a Proxy';
  // A method may be named `class`, too.
  if (isClass || /^class(?!\s*\()/.test(Function.prototype.toString.call(fn))) return 'it is a class';
  return unsafeToEnter ? 'it begins with a class, a `switch` or a `with` statement' : undefined;
}

function refusalInside({ scriptId, scopes }: FunctionInside): string | undefined {
  if (scriptId === undefined) return 'it is a native or a bound function';
  // The object may claim to have any name, including ours.
  if (scopes.some(({ type }) => type === 'with')) return 'it is within a `with` statement';
  return hasEnoughStack() ? undefined : 'too many calls are within each other';
}

/** Checked because a function goes on running if the stack overflows while it is being stopped. */
function hasEnoughStack(): boolean {
  try {
    return Reflect.apply(Object.is, undefined, MANY_ARGUMENTS);
  } catch {
    return false;
  }
}

/**
 * Whether functions can be stopped at their entry now. Tests it with our own functions, the first time with
 * samples that count whether their code ran. Needs the debugger.
 * @param probeId the id of `probe`
 */
function canStop(probeId: string): boolean {
  if (lastCheckedAt === timesEnabled) return true;
  if (!isProbeHit(probeId) || (lastCheckedAt === 0 && !areSamplesStopped())) return false;
  lastCheckedAt = timesEnabled;
  return true;
}

/** The value of `timesEnabled` at the last successful check; 0 before the first. */
let lastCheckedAt = 0;

/** Does nothing. Compiled from text, because build tools remove calls of empty functions. */
const probe: () => void = runInThisContext('(function () {})') as () => void;

/**
 * Whether a breakpoint works: breakpoints are skipped while an attached debugger evaluates something, such as
 * a watch expression.
 */
function isProbeHit(objectId: string): boolean {
  let isHit = false;
  hook.hit = () => (isHit = true);
  const condition = `(${KEY}.hit(), false)`;
  const { breakpointId } = post('Debugger.setBreakpointOnFunctionCall', { objectId, condition });
  probe();
  post('Debugger.removeBreakpoint', { breakpointId });
  return isHit;
}

function areSamplesStopped(): boolean {
  const mark = {};
  const { samples, ran } = (runInThisContext(SAMPLES) as (this: object, mark: object) => Samples).call(
    mark,
    mark,
  );
  return samples.every(({ fn, expression, rules }) => {
    const [objectId] = idsOf([fn]) as [string];
    const [inside] = findInside([objectId]) as [FunctionInside];
    const entered = stopAtEntry({ fn, objectId, inside }, expression, rules);
    return ran() === 0 && entered !== 'not stopped' && entered.ok && entered.value === mark;
  });
}

interface Samples {
  readonly samples: readonly {
    readonly fn: Function;
    /** Evaluates to `mark` at the entry of the function. */
    readonly expression: string;
    readonly rules: EntryRules;
  }[];
  /** The number of times that code of a sample has run. */
  readonly ran: () => number;
}

/** Text, so that no build tool changes the functions. */
const SAMPLES = `(function (mark) {
  let count = 0;
  const ran = () => count;
  const rules = { plainParameters: true, certainEntry: true };
  return {
    ran,
    samples: [
      { fn: () => { count += 1; return this; }, expression: 'this', rules },
      { fn: async () => { count += 1; return this; }, expression: 'this', rules },
      { fn: () => [this, count += 1], expression: 'this', rules },
      { fn: function () { count += 1; return mark; }, expression: 'mark', rules },
      { fn: function* () { count += 1; yield mark; }, expression: 'mark', rules },
      { fn: async function* () { count += 1; yield mark; }, expression: 'mark', rules },
      {
        fn: (a = count += 1, { b = count += 1, ...c } = {}, [d = ran(count += 1), ...e] = []) => { count += 1; return this; },
        expression: 'this',
        rules: { plainParameters: false, certainEntry: false },
      },
    ],
  };
})`;

export type Entered =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly why: string };

/** A function with what the inspector knows of it. */
interface Enterable {
  readonly fn: Function;
  readonly objectId: string;
  readonly inside: FunctionInside;
}

/** Rules for stopping a function. */
interface EntryRules {
  /** Whether all parameters are names without default values. */
  readonly plainParameters: boolean;
  /**
   * Whether V8's first breakpoint location is the first that is reached. It is not where a default value
   * contains a call, or where V8 mistakes the position of an optional chain, as in `while (a?.b)`. If not
   * set, breakpoints are put at all locations, in long functions at those up to `entry`.
   */
  readonly certainEntry?: boolean;
  /**
   * Lines from the function's location to the end of the first code that certainly has a breakpoint location,
   * and the column there, or the columns from the location if they are on one line. Undefined if not known.
   */
  readonly entry?: { readonly line: number; readonly column: number };
}

/**
 * Calls a function and stops it by a breakpoint at its entry. The breakpoint's condition evaluates the
 * expression, terminates the call and is false, so that the debugger does not pause. Needs the debugger,
 * within `exchange`.
 * @returns `not stopped` if the function ran, or may have run
 */
function stopAtEntry(
  { fn, objectId, inside }: Enterable,
  expression: string,
  { plainParameters, certainEntry = false, entry }: EntryRules,
): Entered | 'not stopped' {
  const { global } = inside;
  const breakpoints: string[] = [];
  const locations = certainEntry ? [] : breakpointLocationsIn(inside, entry);
  if (locations.length > MAX_LOCATIONS) return { ok: false, why: 'it is too long to tell where it begins' };
  return withCleanUp(
    () => {
      // Without the hook, the condition fails, and the function runs.
      if (!installHook(global))
        return { ok: false, why: 'the global object of its realm cannot be extended' };
      const condition = conditionFor(expression);
      breakpoints.push(post('Debugger.setBreakpointOnFunctionCall', { objectId, condition }).breakpointId);
      for (const location of locations) breakpoints.push(...breakAt(location, condition));
      return callAndAbort(fn, plainParameters ? [] : Array.from({ length: MAX_PARAMETERS }).fill(standIn()));
    },
    () => {
      for (const breakpointId of breakpoints) post('Debugger.removeBreakpoint', { breakpointId });
      if (global !== mainGlobal) removeHook(global);
    },
  );
}

function callAndAbort(fn: Function, args: readonly unknown[]): Entered | 'not stopped' {
  let entered: Entered | undefined;
  hook.enter = (read: () => unknown, evaluate?: unknown): void => {
    entered =
      evaluate === undefined || isEval(evaluate)
        ? tryTo(read)
        : { ok: false, why: '`eval` means something else there' };
  };
  // The condition calls this native function last, so that only the code after it is terminated.
  hook.abort = terminator();
  hook.call = (): void => callUntilBody(fn, args);
  if (!isTerminated('Runtime.evaluate', { expression: `${KEY}.call()`, objectGroup: KEY, silent: true }))
    return 'not stopped';
  if (entered === undefined) terminate();
  return entered ?? 'not stopped';
}

/** Calls the function; the body of a generator starts only when its first value is requested. */
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

/**
 * The condition of the breakpoint. One that does not compile counts as false and lets the function run, so an
 * expression that may not compile goes through `eval`.
 */
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

/** Whether the value is the native `eval` of some realm. */
function isEval(value: unknown): boolean {
  return (
    typeof value === 'function' &&
    /^function eval\(\) \{\s*\[native code\]/.test(Function.prototype.toString.call(value))
  );
}

function breakpointLocationsIn(
  { scriptId, line, column }: FunctionInside,
  entry: EntryRules['entry'],
): readonly Debugger.Location[] {
  const start = { scriptId, lineNumber: line, columnNumber: column };
  const { locations } = post('Debugger.getPossibleBreakpoints', { start, restrictToFunction: true });
  if (entry === undefined || locations.length <= MAX_LOCATIONS) return locations;
  const lastLine = line + entry.line;
  const lastColumn = entry.line === 0 ? column + entry.column : entry.column;
  return locations.filter(
    ({ lineNumber, columnNumber = 0 }) =>
      lineNumber < lastLine || (lineNumber === lastLine && columnNumber <= lastColumn),
  );
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

/**
 * A value for a parameter with any pattern: it has every property, so that no default value is evaluated, and
 * reading them runs only the code below.
 */
function standIn(): object {
  const self: object = new Proxy(() => undefined, {
    get: (_target, key) => (key === Symbol.iterator ? () => items(self) : self),
    // What `{ ...rest }` copies.
    ownKeys: () => [],
  });
  return self;
}

function* items(item: object): Iterable<object> {
  for (let count = 0; count < ITEM_COUNT; count += 1) yield item;
}
