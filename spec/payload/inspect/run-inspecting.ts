import { spawnSync } from 'node:child_process';
import { builtModule } from '../../support/built-file.ts';

/** What the programs have by themselves. `look` and `enter` are short for the usual case. */
const PRELUDE = `
  const { lookInside, scriptOf, scriptsWhere } = await import('${builtModule('payload/inspect/scopes')}');
  const { evaluateInside } = await import('${builtModule('payload/inspect/enter')}');
  const { isInspectorAvailable, InspectorUnavailableError, withDebugger } = await import('${builtModule('payload/inspect/session')}');
  const rules = { plainParameters: true, certainEntry: true, unsafeToEnter: false, isClass: false };
  const look = (fn) => lookInside([fn])[0];
  const enter = (fn, expression = 'this') => evaluateInside(fn, expression, rules);
  let ran = 0;
  const self = { name: 'self' };
  const arrow = (function () { return () => { ran += 1; return this; }; }).call(self);
  const entered = () => { const result = enter(arrow); return result.ok && result.value === self && ran === 0; };
  const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
`;

/**
 * Runs a program in a process of its own: what depends on the realm, or may end the process, cannot be told within jest.
 * @returns what it printed, each line as JSON
 */
export function runInspecting(program: string, ...nodeOptions: readonly string[]): unknown[] {
  const args = [...nodeOptions, '--input-type=module', '--eval', PRELUDE + program];
  const { stdout, stderr, signal, status } = spawnSync(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: undefined, NODE_NO_WARNINGS: '1' },
    encoding: 'utf8',
  });
  if (signal !== null || status !== 0)
    throw new Error(`The program ended by ${signal ?? status}: ${stdout}${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

/** The program that runs a program in a worker thread, as a script. */
export function inWorker(program: string): string {
  const script = `(async () => {${PRELUDE}${program}})()`;
  return `new (await import('node:worker_threads')).Worker(${JSON.stringify(script)}, { eval: true, execArgv: [] });`;
}
