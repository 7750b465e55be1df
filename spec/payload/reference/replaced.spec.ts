import { describe, expect, it } from '@jest/globals';
import { twoProcesses } from './two-processes.ts';

const { run } = twoProcesses();

describe('what a program put in the place of an intrinsic', () => {
  it('is not taken for it', () => {
    const found = run(`
      import fs from 'node:fs';
      import { referenceOf, inspecting } from './capture.cjs';
      const mocks = {
        fetch: (globalThis.fetch = async () => 'mock'),
        setTimeout: (globalThis.setTimeout = function setTimeout() {}),
        URL: (globalThis.URL = class URL {}),
        'URL.prototype': URL.prototype,
        sqrt: (Math.sqrt = (x) => x),
        bound: (Math.cbrt = ((x) => x).bind(null)),
        proxy: (Math.hypot = new Proxy(Math.hypot, {})),
        namespace: (globalThis.Atomics = { add: Atomics.add }),
        added: (Array.prototype.added = () => {}),
        opendirSync: (fs.opendirSync = () => 'mock'),
        symbol: Object.getOwnPropertySymbols(Object.assign(console, { [Symbol('added')]: 1 })).at(-1),
      };
      const found = {};
      for (const [name, mock] of Object.entries(mocks)) found[name] = referenceOf(mock, inspecting()) ?? null;
      console.log(JSON.stringify(found));
    `) as Record<string, unknown>;
    expect(Object.entries(found).filter(([, reference]) => reference !== null)).toEqual([]);
  });
});

describe('looking for references', () => {
  it('loads nothing that the program does not use, calls no getter and warns of nothing', () => {
    const [loaded, called] = run(
      `
      import { createRequire } from 'node:module';
      import { referenceOf, inspecting } from './capture.cjs';
      let called = 0;
      const getter = { get value() { called += 1; } };
      const proxy = new Proxy({}, { get: () => called++, getOwnPropertyDescriptor: () => called++, getPrototypeOf: () => called++ });
      Object.defineProperty(globalThis, 'escape', { get: () => called++ });
      process.on('warning', () => (called += 1));
      class Headers {}
      referenceOf(Math.sqrt, inspecting());
      referenceOf(createRequire, inspecting());
      const before = new Set(process.moduleLoadList);
      const values = [getter, proxy, () => {}, Headers, Symbol('own'), [], new Map(), import('node:path')];
      for (const value of values) referenceOf(value, inspecting());
      await new Promise((resolve) => setImmediate(resolve));
      const loaded = process.moduleLoadList.filter((name) => !before.has(name));
      console.log(JSON.stringify([loaded, called]));
    `,
    ) as [string[], number];
    expect(loaded.filter((name) => /undici|webstreams|crypto/.test(name))).toEqual([]);
    expect(called).toBe(0);
  });
});
