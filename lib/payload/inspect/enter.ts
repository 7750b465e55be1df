import type { Debugger } from 'node:inspector';
import { types } from 'node:util';
import { runInThisContext, Script } from 'node:vm';
import { exchange, hook, idsOf, KEY, mainGlobal, offer, withdraw } from './exchange.ts';
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

export { withDebugger } from './session.ts';

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

/**
 * Whether functions can be stopped at their beginning now: tried with functions of ours, the first time with several that
 * tell whether their code ran. Needs the debugger.
 * @param probeId that of `probe`
 */
export function canStop(probeId: string): boolean {
  if (checkedAt === timesEnabled) return true;
  if (!isProbeHit(probeId) || (checkedAt === 0 && !areSamplesStopped())) return false;
  checkedAt = timesEnabled;
  return true;
}

/** When it was found out the last time. */
let checkedAt = 0;

/** Does nothing; a text, as compilers leave calls of such functions out. */
export const probe: () => void = runInThisContext('(function () {})') as () => void;

/** Breakpoints are passed over while somebody's debugger evaluates something, such as an expression to watch. */
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
    /** Its value at the beginning of the function is `mark`. */
    readonly expression: string;
    readonly rules: EntryRules;
  }[];
  /** How much of their code has run so far. */
  readonly ran: () => number;
}

/** A text, so that no compiler changes what it says. */
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

/** So many items a stand-in has when it is iterated: more than patterns look for, and an end for `[...rest]`. */
const ITEMS = 100;

/**
 * A value for a parameter, whatever pattern it has: everything that is looked for in it is there, so that no default value is
 * evaluated, and doing that runs nothing but this.
 */
export function standIn(): object {
  const self: object = new Proxy(() => undefined, {
    get: (_target, key) => (key === Symbol.iterator ? () => items(self) : self),
    // What `{ ...rest }` copies.
    ownKeys: () => [],
  });
  return self;
}

function* items(item: object): Iterable<object> {
  for (let count = 0; count < ITEMS; count += 1) yield item;
}
