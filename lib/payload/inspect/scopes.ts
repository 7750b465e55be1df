import type { Debugger } from 'node:inspector';
import { TextCache } from '../../base/text-cache.ts';
import { mainGlobal } from '../reference/members.ts';
import { exchange, idsOf, type Remote, valuesOf } from './exchange.ts';
import { InspectorUnavailableError, knownScripts, newestScript, post, withDebugger } from './session.ts';

/** The location, scopes and realm of a function, which its text does not show. */
export interface FunctionInside {
  /** Undefined for native and bound functions and for Proxies, whose other fields mean nothing. */
  readonly scriptId: string | undefined;
  /** The 0-based position of its parameters; for an arrow function or class, where it begins as a whole. */
  readonly line: number;
  readonly column: number;
  /** Innermost first, without the global scope. */
  readonly scopes: readonly Scope[];
  /** The global object of its realm, or of this realm if that is unknown. */
  readonly global: object;
}

export interface Scope {
  readonly type: 'block' | 'catch' | 'closure' | 'eval' | 'local' | 'module' | 'script' | 'with' | 'global';
  /** V8's description, such as `Closure (outer)`. */
  readonly description: string;
  /**
   * The variables that functions captured from this scope, with their current values; uninitialized ones are
   * undefined. A copy, except that of `with`, which is the object itself.
   */
  readonly variables: Record<string, unknown>;
}

/**
 * Reads what functions captured. Takes tens of microseconds for each, somewhat less for many at once.
 * @throws {InspectorUnavailableError}
 */
export function lookInside(fns: readonly Function[]): FunctionInside[] {
  if (fns.length === 0) return [];
  return exchange(() => findInside(idsOf(fns)));
}

/** Does the same as {@link lookInside} for functions whose ids are known, within `exchange`. */
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

/**
 * The ids of the scripts that functions come from, undefined for native and bound functions. Takes less time than
 * {@link lookInside}.
 * @throws {InspectorUnavailableError}
 */
export function scriptIdsOf(fns: readonly Function[]): (string | undefined)[] {
  if (fns.length === 0) return [];
  return exchange(() => idsOf(fns).map((objectId) => findScopes(objectId)?.location.scriptId));
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
  // V8 11.0 had no such slot, and a later version may drop it.
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
  // The object itself, because its getters must not be called.
  if (type === 'with' || type === 'global') return { type, description, variables: object };
  return { type, description, variables: withoutTraps(object) };
}

/** Replaces uninitialized variables by undefined; from V8 12 on, reading one throws. */
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

/** Source text that V8 compiled and that has a URL. */
export interface Script {
  readonly scriptId: string;
  /**
   * `file:` for modules of either kind, `node:` for Node's own, and whatever other scripts were compiled
   * with.
   */
  readonly url: string;
  /** Empty if there is none. */
  readonly sourceMapUrl: string;
  /** The whole text. */
  source(): string;
}

/**
 * The script with an id.
 * @returns undefined if it has no URL, such as evaluated text
 * @throws {InspectorUnavailableError}
 */
export function scriptOf(scriptId: string): Script | undefined {
  // Ids ascend, so every script up to the newest known one is known if it has a URL.
  if (Number(scriptId) > newestScript) withDebugger(() => undefined);
  const script = knownScripts.get(scriptId);
  return script && toScript(script);
}

/** The scripts that are known so far whose URLs pass a test, in the order in which they were compiled. */
export function scriptsWhere(test: (url: string) => boolean): Script[] {
  return [...knownScripts.values()].filter(({ url }) => test(url)).map(toScript);
}

function toScript({ scriptId, url, sourceMapURL = '' }: Debugger.ScriptParsedEventDataType): Script {
  return { scriptId, url, sourceMapUrl: sourceMapURL, source: () => sourceOf(scriptId) };
}

/**
 * The text of a script; empty if V8 has let the script go, as it does when none of its functions is left. Kept,
 * because the debugger takes milliseconds to be enabled, and the text of a script never changes.
 */
function sourceOf(scriptId: string): string {
  return sources.get(scriptId, () => {
    const text = withDebugger(() => textOfScript(scriptId));
    return [text, text.length];
  });
}

function textOfScript(scriptId: string): string {
  try {
    return post('Debugger.getScriptSource', { scriptId }).scriptSource;
  } catch (error) {
    if ((error as Error).message.includes('No script for id')) return '';
    throw error;
  }
}

/** Texts of scripts by their ids, up to 16,000,000 characters. */
const sources = new TextCache<string>(16_000_000);
