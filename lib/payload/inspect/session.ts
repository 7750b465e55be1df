import type { Debugger, InspectorNotification, Runtime, Session } from 'node:inspector';

/**
 * There is no inspector in this process: a permission model that forbids it, a binary without it, or a V8 that does not tell
 * what functions captured.
 */
export class InspectorUnavailableError extends Error {
  static {
    this.prototype.name = 'InspectorUnavailableError';
  }
}

/** What the inspector answers, by the method that it is asked for. https://chromedevtools.github.io/devtools-protocol/v8/ */
interface Answers {
  'Runtime.evaluate': Runtime.EvaluateReturnType;
  'Runtime.callFunctionOn': Runtime.CallFunctionOnReturnType;
  'Runtime.getProperties': Runtime.GetPropertiesReturnType & { privateProperties?: PrivateProperty[] };
  'Runtime.releaseObjectGroup': void;
  'Debugger.enable': Debugger.EnableReturnType;
  'Debugger.disable': void;
  'Debugger.setSkipAllPauses': void;
  'Debugger.getScriptSource': Debugger.GetScriptSourceReturnType;
  'Debugger.getPossibleBreakpoints': Debugger.GetPossibleBreakpointsReturnType;
  'Debugger.setBreakpoint': Debugger.SetBreakpointReturnType;
  'Debugger.setBreakpointOnFunctionCall': { breakpointId: Debugger.BreakpointId };
  'Debugger.removeBreakpoint': void;
}

interface PrivateProperty {
  name: string;
  value?: Runtime.RemoteObject;
  get?: Runtime.RemoteObject;
  set?: Runtime.RemoteObject;
}

/**
 * Asks the inspector of this thread, which answers at once.
 * @throws {InspectorUnavailableError} if there is none
 * @throws {Error} with the inspector's own words, if it refuses
 */
export function post<Method extends keyof Answers>(method: Method, parameters: object = {}): Answers[Method] {
  const { error, value } = ask(method, parameters);
  if (error === null) return value as Answers[Method];
  if (isOfTermination(error)) terminate();
  throw new Error(`${method}: ${error.message}`, { cause: error });
}

/** @returns whether what it evaluated was ended by `terminate` */
export function isTerminated(method: 'Runtime.evaluate', parameters: object): boolean {
  const { error } = ask(method, parameters);
  if (error !== null && !isOfTermination(error))
    throw new Error(`${method}: ${error.message}`, { cause: error });
  return error !== null;
}

/**
 * Ends the innermost thing that the inspector evaluates, or else all that this thread does, as a timeout of `vm` does; where
 * the inspector took one of those for its own, it is to be told again. `catch` and `finally` do not stop it.
 */
export function terminate(): void {
  terminator()();
}

/** `terminate`, as a function of nothing but Node's own code. */
export function terminator(): () => void {
  const here = sessionHere();
  return here.post.bind(here, 'Runtime.terminateExecution' as 'NodeRuntime.notifyWhenWaitingForDisconnect');
}

function isOfTermination({ message }: Error): boolean {
  return message.includes('Execution was terminated');
}

function ask(method: keyof Answers, parameters: object): { error: Error | null; value: unknown } {
  let answer: { error: Error | null; value: unknown } | undefined;
  sessionHere().post(method, parameters, (error, value?: unknown) => (answer = { error, value }));
  if (answer === undefined) throw new InspectorUnavailableError(`The inspector did not answer ${method}`);
  return answer;
}

/** For messages; nothing is to be tried with it before. */
export function isInspectorAvailable(): boolean {
  try {
    sessionHere();
    return true;
  } catch {
    return false;
  }
}

/** It is connected at the first use and stays so: a session that has not enabled the debugger slows nothing down. */
let sharedSession: Session | undefined;

/** @throws {InspectorUnavailableError} */
export function sessionHere(): Session {
  sharedSession ??= connect();
  return sharedSession;
}

function connect(): Session {
  // Asked for here, as a program that never gets here is not to load it, nor to fail where there is none.
  const inspector = process.getBuiltinModule('node:inspector') as typeof import('node:inspector') | undefined;
  if (inspector === undefined) throw new InspectorUnavailableError('This build of Node.js has no inspector');
  try {
    const session = new inspector.Session();
    session.connect();
    return session;
  } catch (error) {
    throw new InspectorUnavailableError(`The inspector cannot be used here: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

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

/** What is to be done behind what runs now. */
const pending = new Set<() => void>();
let isScheduled = false;

/**
 * Does something behind `act`, in any case: where a timeout of `vm` ends the execution, `finally` is passed over, and it is
 * done in the next microtask. So it is if it throws, as it does where the stack ends.
 */
export function withCleanUp<T>(act: () => T, cleanUp: () => void): T {
  pending.add(cleanUp);
  if (!isScheduled) {
    isScheduled = true;
    queueMicrotask(cleanAll);
  }
  try {
    return act();
  } finally {
    cleanUp();
    pending.delete(cleanUp);
  }
}

function cleanAll(): void {
  isScheduled = false;
  const rest = [...pending].toReversed();
  pending.clear();
  for (const cleanUp of rest) tryTo(cleanUp);
}

/** An error in a microtask would end the process; there is nobody left to tell it to. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {}
}
