import type { Debugger, InspectorNotification, Runtime, Session } from 'node:inspector';

/**
 * The inspector cannot be used in this process: the permission model forbids it, the binary does not have it,
 * or V8 does not reveal what functions captured.
 */
export class InspectorUnavailableError extends Error {
  static {
    this.prototype.name = 'InspectorUnavailableError';
  }

  /** Remedy for the user: the flag that allows it, if this version of Node has one. */
  get remedy(): string {
    if ((process as { permission?: object }).permission === undefined)
      return 'Run it with a build of Node that has the inspector.';
    return process.allowedNodeEnvironmentFlags.has('--allow-inspector')
      ? 'Run node with --allow-inspector.'
      : 'Run node without its permission model, which allows the inspector only in later versions.';
  }
}

/** The inspector's responses by method. https://chromedevtools.github.io/devtools-protocol/v8/ */
interface Responses {
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
 * Sends a request to the inspector of this thread, which responds synchronously.
 * @throws {InspectorUnavailableError} if there is none
 * @throws {Error} with the inspector's message, if it refuses
 */
export function post<Method extends keyof Responses>(
  method: Method,
  parameters: object = {},
): Responses[Method] {
  const { error, value } = ask(method, parameters);
  // The error ends what the timeout was set for. Terminating it once more would have to wait for its end, and
  // nothing else could be terminated meanwhile.
  if (hasEnded(value)) throw new Error(`${method}: the evaluation was ended`);
  if (error === null) return value as Responses[Method];
  if (isOfTermination(error)) terminate();
  throw new Error(`${method}: ${error.message}`, { cause: error });
}

/**
 * Evaluates an expression.
 * @returns whether the evaluation was ended by {@link terminate}
 */
export function isTerminated(method: 'Runtime.evaluate', parameters: object): boolean {
  const { error, value } = ask(method, parameters);
  if (error !== null && !isOfTermination(error))
    throw new Error(`${method}: ${error.message}`, { cause: error });
  return error !== null || hasEnded(value);
}

/**
 * Whether a timeout of `vm` ended an evaluation, and was taken for its own by it: since Node 22, it answers that
 * null was thrown, which our expressions never do.
 */
function hasEnded(value: unknown): boolean {
  const { exceptionDetails } = (value ?? {}) as { exceptionDetails?: Runtime.ExceptionDetails };
  return exceptionDetails?.exception?.subtype === 'null';
}

/**
 * Ends the innermost evaluation of the inspector or, outside of one, everything this thread runs, as a
 * timeout of `vm` does; call it again if the inspector took such a timeout for its own. `catch` and `finally`
 * do not stop it.
 */
export function terminate(): void {
  terminator()();
}

/** Returns {@link terminate} as a bound native function, which runs no JavaScript. */
export function terminator(): () => void {
  const here = sessionHere();
  return here.post.bind(here, 'Runtime.terminateExecution' as 'NodeRuntime.notifyWhenWaitingForDisconnect');
}

function isOfTermination({ message }: Error): boolean {
  return message.includes('Execution was terminated');
}

function ask(method: keyof Responses, parameters: object): { error: Error | null; value: unknown } {
  let answer: { error: Error | null; value: unknown } | undefined;
  sessionHere().post(method, parameters, (error, value?: unknown) => (answer = { error, value }));
  if (answer === undefined) throw new InspectorUnavailableError(`The inspector did not answer ${method}`);
  return answer;
}

/**
 * Whether the inspector can be used, for error messages; do not call it as a check before other functions.
 */
export function isInspectorAvailable(): boolean {
  try {
    sessionHere();
    return true;
  } catch {
    return false;
  }
}

/** Connected at first use and kept, because a session without an enabled debugger slows nothing down. */
let sharedSession: Session | undefined;

/** @throws {InspectorUnavailableError} */
export function sessionHere(): Session {
  sharedSession ??= connect();
  return sharedSession;
}

function connect(): Session {
  // Loaded here, so that a program that never gets here does not load it, nor fail without it.
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

/** The scripts with a URL that existed when the debugger was last enabled, by id. */
export let knownScripts: ReadonlyMap<string, ParsedScript> = new Map();

/** The highest id of a script at that time. */
export let newestScript = 0;

/** The number of times that the debugger was enabled. */
export let timesEnabled = 0;

/** Whether this module has enabled it. */
let isEnabled = false;

/**
 * Enables V8's debugger only while `act` runs, because all code is slower meanwhile; it does not stop
 * anything. Enabling it reports all scripts, which takes milliseconds to tens of milliseconds: do many things
 * at once.
 * @throws {InspectorUnavailableError}
 */
export function withDebugger<T>(act: () => T): T {
  if (isEnabled) return act();
  const session = sessionHere();
  const scripts = new Map<string, ParsedScript>();
  session.on('Debugger.scriptParsed', ({ params }: InspectorNotification<ParsedScript>) => {
    newestScript = Math.max(newestScript, Number(params.scriptId));
    // Scripts without a URL are useless and many: each expression that the inspector evaluates is one.
    if (params.url !== '') scripts.set(params.scriptId, params);
  });
  return withCleanUp(() => {
    isEnabled = true;
    post('Debugger.enable');
    // V8 aborts the process if it stops where one of the functions on the stack is in certain statements,
    // such as the head of a `switch`. https://github.com/nodejs/node/issues/58632
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

/** Clean-ups of the calls that are running. */
const pendingCleanUps = new Set<() => void>();
let isScheduled = false;

/**
 * Runs `cleanUp` after `act` in any case. If a timeout of `vm` ends the execution, which skips `finally`, or
 * if `cleanUp` throws, as it does on a stack overflow, it runs in the next microtask.
 */
export function withCleanUp<T>(act: () => T, cleanUp: () => void): T {
  pendingCleanUps.add(cleanUp);
  if (!isScheduled) {
    queueMicrotask(cleanAll);
    isScheduled = true;
  }
  try {
    return act();
  } finally {
    cleanUp();
    pendingCleanUps.delete(cleanUp);
  }
}

function cleanAll(): void {
  isScheduled = false;
  const rest = [...pendingCleanUps].toReversed();
  pendingCleanUps.clear();
  for (const cleanUp of rest) tryTo(cleanUp);
}

/** Ignores errors: in a microtask they would end the process, and no caller could handle them. */
function tryTo(act: () => void): void {
  try {
    act();
  } catch {}
}
