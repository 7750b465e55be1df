import type { Debugger } from 'node:inspector';
import { exchange, idsOf, mainGlobal, type Remote, valuesOf } from './exchange.ts';
import { InspectorUnavailableError, knownScripts, newestScript, post, withDebugger } from './session.ts';

/** What a function holds that its text does not tell. */
export interface FunctionInside {
  /** `undefined` for native and bound functions, and for Proxies; the rest says nothing then. */
  readonly scriptId: string | undefined;
  /** Where its parameters begin, or an arrow function or class as a whole: 0-based. */
  readonly line: number;
  readonly column: number;
  /** Innermost first, without the global one. */
  readonly scopes: readonly Scope[];
  /** The global object of its realm; where that is not known, the one of this realm. */
  readonly global: object;
}

export interface Scope {
  readonly type: 'block' | 'catch' | 'closure' | 'eval' | 'local' | 'module' | 'script' | 'with' | 'global';
  /** In V8's words, such as `Closure (outer)`. */
  readonly description: string;
  /**
   * The variables that some function took from this scope, with the values that they have now: a copy, but for `with`, where
   * it is the object itself. Those that have no value yet are there as `undefined`.
   */
  readonly variables: Record<string, unknown>;
}

/**
 * Reads what functions captured. Costs tens of microseconds for each, somewhat less where there are many.
 * @throws {InspectorUnavailableError}
 */
export function lookInside(fns: readonly Function[]): FunctionInside[] {
  if (fns.length === 0) return [];
  return exchange(() => findInside(idsOf(fns)));
}

/** The same of functions whose ids are known, within `exchange`. */
export function findInside(objectIds: readonly string[]): FunctionInside[] {
  const found = objectIds.map(findScopes);
  const lists = valuesOf(found.flatMap((remotes) => remotes?.scopes ?? []));
  let at = 0;
  return found.map((remotes) => {
    if (remotes === undefined)
      return { scriptId: undefined, line: 0, column: 0, scopes: [], global: globalThis };
    const scopes = Array.from(lists[at++] as ArrayLike<LiveScope>, toScope);
    const isGlobalLast = scopes.at(-1)?.type === 'global';
    const global = isGlobalLast ? (scopes.pop()?.variables ?? mainGlobal) : globalThis;
    return { ...remotes.location, scopes, global };
  });
}

interface Found {
  readonly location: Pick<FunctionInside, 'line' | 'column'> & { readonly scriptId: string };
  readonly scopes: Remote;
}

function findScopes(objectId: string): Found | undefined {
  const { internalProperties = [] } = post('Runtime.getProperties', {
    objectId,
    ownProperties: true,
    nonIndexedPropertiesOnly: true,
  });
  const slot = (name: string): Remote | undefined =>
    internalProperties.find((property) => property.name === name)?.value;
  const location = slot('[[FunctionLocation]]')?.value as Location | undefined;
  if (location === undefined) return undefined;
  const scopes = slot('[[Scopes]]');
  // V8 11.0 had none; they may go again.
  if (scopes === undefined)
    throw new InspectorUnavailableError('This version of V8 does not tell what functions captured');
  return {
    location: { scriptId: location.scriptId, line: location.lineNumber, column: location.columnNumber },
    scopes,
  };
}

interface Location {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface LiveScope {
  readonly description: string;
  readonly object: Record<string, unknown>;
}

function toScope({ description, object }: LiveScope): Scope {
  const type = (/^\w+/.exec(description)?.[0] ?? '').toLowerCase() as Scope['type'];
  // The object itself, whose getters are not ours to call.
  if (type === 'with' || type === 'global') return { type, description, variables: object };
  return { type, description, variables: withoutTraps(object) };
}

/** From V8 12 on, to read a variable that has no value yet throws. */
function withoutTraps(variables: Record<string, unknown>): Record<string, unknown> {
  try {
    Object.values(variables);
    return variables;
  } catch {
    return Object.fromEntries(Object.keys(variables).map((name) => [name, valueOf(variables, name)]));
  }
}

function valueOf(variables: Record<string, unknown>, name: string): unknown {
  try {
    return variables[name];
  } catch {
    return undefined;
  }
}

/** A text that V8 compiled, and that has a URL. */
export interface Script {
  readonly scriptId: string;
  /** `file:` of a module of either kind, `node:` of Node's own, and whatever was given to others. */
  readonly url: string;
  /** Empty if there is none. */
  readonly sourceMapUrl: string;
  /** The whole text, which is asked for each time. */
  source(): string;
}

/**
 * @returns undefined if it has no URL, as evaluated text
 * @throws {InspectorUnavailableError}
 */
export function scriptOf(scriptId: string): Script | undefined {
  // Ids ascend: what is older than the newest known has been told, if it has a URL.
  if (Number(scriptId) > newestScript) withDebugger(() => undefined);
  const script = knownScripts.get(scriptId);
  return script && toScript(script);
}

/** Those of that URL that are known so far. */
export function scriptsWithUrl(url: string): Script[] {
  return [...knownScripts.values()].filter((script) => script.url === url).map(toScript);
}

function toScript({ scriptId, url, sourceMapURL = '' }: Debugger.ScriptParsedEventDataType): Script {
  const source = (): string =>
    withDebugger(() => post('Debugger.getScriptSource', { scriptId })).scriptSource;
  return { scriptId, url, sourceMapUrl: sourceMapURL, source };
}
