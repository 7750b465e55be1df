import { describe, expect, it } from '@jest/globals';
import { lookInside, type FunctionInside } from '../../../lib/payload/inspect/scopes.ts';
import { inWorker, runInspecting } from './run-inspecting.ts';

function look(fn: Function): FunctionInside {
  return lookInside([fn])[0] as FunctionInside;
}

function makeCounter(): () => unknown {
  const held = { by: 'reference' };
  let count = 0;
  return () => [held, (count += 1)];
}

describe('lookInside', () => {
  it('gives the variables that a function captured, as themselves and as they are now', () => {
    const counter = makeCounter();
    const [held] = counter() as [object];
    const [closure] = look(counter).scopes;
    expect(closure?.variables.held).toBe(held);
    expect(closure?.variables.count).toBe(1);
    counter();
    expect(look(counter).scopes[0]?.variables.count).toBe(2);
  });

  it('tells the scopes from the innermost one, with their kinds', () => {
    const functions: (() => unknown)[] = [];
    for (const index of [1]) {
      try {
        throw index;
      } catch (caught) {
        functions.push(() => [index, caught]);
      }
    }
    const { scopes } = look(functions[0] as () => unknown);
    expect(scopes.slice(0, 2).map(({ type, variables }) => [type, { ...variables }])).toEqual([
      ['catch', { caught: 1 }],
      ['block', { index: 1 }],
    ]);
    expect(scopes.map(({ type }) => type)).not.toContain('global');
  });

  it('tells where a function is: where its parameters or the arrow begin, from 0', () => {
    // prettier-ignore
    const at = [() => 1, function   (a: number) { return a; }].map(look);
    const lines = at.map(({ line }) => line);
    expect(lines[0]).toBe(lines[1]);
    expect(at.every(({ scriptId, column }) => scriptId !== undefined && column > 0)).toBe(true);
  });

  it('keeps every primitive value what it is', () => {
    const values = [-0, NaN, -Infinity, 12n ** 30n, undefined, null, '', true, Symbol.iterator] as const;
    const [a, b, c, d, e, f, g, h, i] = values;
    const { variables } = look(() => [a, b, c, d, e, f, g, h, i])
      .scopes[0] as FunctionInside['scopes'][number];
    'abcdefghi'.split('').forEach((name, at) => expect(variables[name]).toBe(values[at]));
  });

  it('knows nothing about native and bound functions, nor about Proxies', () => {
    let traps = 0;
    const handler = new Proxy({}, { get: () => void (traps += 1) });
    const inside = lookInside([Math.max, makeCounter().bind(null), new Proxy(makeCounter(), handler)]);
    expect(inside.map(({ scriptId, scopes }) => [scriptId, scopes])).toEqual([
      [undefined, []],
      [undefined, []],
      [undefined, []],
    ]);
    expect(traps).toBe(0);
  });

  it('looks into many at once, in their order', () => {
    const functions = Array.from({ length: 1000 }, (_, index) => () => index);
    expect(lookInside(functions).map(({ scopes }) => scopes[0]?.variables.index)).toEqual([
      ...functions.keys(),
    ]);
    expect(lookInside([])).toEqual([]);
  });

  it('gives the global object of the realm that a function is of', () => {
    const [main, other, native] = runInspecting(`
      const { createContext, runInContext } = await import('node:vm');
      const context = createContext({});
      print(look(() => 1).global === globalThis);
      print(look(runInContext('() => 1', context)).global === runInContext('globalThis', context));
      print(look(Math.max).global === globalThis);
    `);
    expect([main, other, native]).toEqual([true, true, true]);
  });

  it('leaves nothing on the global object, and no property of a function is read', () => {
    expect(
      runInspecting(`
        const before = Reflect.ownKeys(globalThis).length;
        const fn = () => ran;
        Object.defineProperty(fn, 'read', { get() { ran += 1; }, enumerable: true });
        look(fn);
        print([Reflect.ownKeys(globalThis).length - before, ran]);
      `),
    ).toEqual([[0, 0]]);
  });

  it('works in modules, in scripts, in evaluated code, and in worker threads', () => {
    const program = `
      const { runInThisContext } = await import('node:vm');
      globalThis.kinds = (fn) => look(fn).scopes.map(({ type }) => type);
      const inHere = 1;
      print([kinds(() => inHere), kinds(new Function('a', 'return () => a')(1)), runInThisContext('let a = 1; kinds(() => a)')]);
    `;
    expect(runInspecting(program)).toEqual([[['module'], ['closure'], ['script']]]);
    expect(runInspecting(inWorker(program))).toEqual([[['closure'], ['closure'], ['script']]]);
  });
});
