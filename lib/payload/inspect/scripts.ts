import type { Debugger } from 'node:inspector';
import { knownScripts, newestScript, withDebugger } from './debugger.ts';
import { post } from './inspector.ts';

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
