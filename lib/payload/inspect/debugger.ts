import type { Debugger, InspectorNotification } from 'node:inspector';
import { withCleanUp } from './clean-up.ts';
import { post, sessionHere } from './inspector.ts';

type ParsedScript = Debugger.ScriptParsedEventDataType;

/** The scripts that had a URL and were there when the debugger was on the last time, by id. */
export let knownScripts: ReadonlyMap<string, ParsedScript> = new Map();

/** The highest id that a script had then. */
export let newestScript = 0;

/** How often the debugger was enabled. */
export let timesEnabled = 0;

/** Whether it is enabled by us. */
let isEnabled = false;

/**
 * Has V8's debugger enabled while `act` runs, and not longer, as all code is slower meanwhile. It does not stop anything. The
 * cost is that of telling all scripts, milliseconds up to tens of them: do many things at once.
 * @throws {InspectorUnavailableError}
 */
export function withDebugger<T>(act: () => T): T {
  if (isEnabled) return act();
  const session = sessionHere();
  const scripts = new Map<string, ParsedScript>();
  session.on('Debugger.scriptParsed', ({ params }: InspectorNotification<ParsedScript>) => {
    newestScript = Math.max(newestScript, Number(params.scriptId));
    // Others are many and come to nothing: each text that the inspector evaluates is one.
    if (params.url !== '') scripts.set(params.scriptId, params);
  });
  isEnabled = true;
  return withCleanUp(() => {
    post('Debugger.enable');
    // V8 aborts the process if it stops where one of the functions on the stack is in certain statements, such as the head
    // of a `switch`. https://github.com/nodejs/node/issues/58632
    post('Debugger.setSkipAllPauses', { skip: true });
    knownScripts = scripts;
    timesEnabled += 1;
    return act();
  }, disable);
}

function disable(): void {
  isEnabled = false;
  sessionHere().removeAllListeners('Debugger.scriptParsed');
  post('Debugger.disable');
}
