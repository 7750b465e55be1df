import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';
import { makeProject } from '../conformance/project.ts';

/** Proxies of which every trap throws, and revoked ones. */
const TRAPS = `
  const boom = () => { throw new Error('code of the program ran'); };
  const evil = (target) => new Proxy(target, new Proxy({}, { get: () => boom }));
  const revoked = (target) => { const { proxy, revoke } = Proxy.revocable(target, {}); revoke(); return proxy; };
`;

const PACKAGES = {
  'registered-symbols': `
    Object.assign(Symbol, { observable: Symbol.for('Symbol.observable'), plain: Symbol('plain') });
    Object.defineProperty(Symbol, 'polyfilled', { value: Symbol.for('Symbol.polyfilled') });
    module.exports = { ...Object.fromEntries(Object.getOwnPropertyNames(Symbol).map((name) => [name, Symbol[name]])) };
    delete module.exports.prototype;
    exports = module.exports;
    exports.any = Symbol.for('any');
    exports.twice = (x) => 2 * x;
  `,
  spoilt: `${TRAPS}
    let later;
    exports.proxies = [evil({}), revoked({}), evil(() => {}), revoked(() => {})];
    [exports.a, exports.b, exports.c, exports.d] = exports.proxies;
    Object.defineProperty(exports, 'getter', { enumerable: true, get: boom });
    Object.defineProperty(exports, 'variable', { enumerable: true, get: function () { return later.x; } });
    exports.Statics = class { static a = evil({}); static b = revoked(() => {}); };
    for (const make of [evil, revoked]) (exports[make.name] = function () {}).prototype = make({});
    exports.child = Object.create(evil({}));
    exports.bytes = new Uint8Array(8);
    structuredClone(exports.bytes, { transfer: [exports.bytes.buffer] });
    exports.many = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => ['key' + n, () => n]));
    exports.Chain = class { method() { return 'method'; } };
    for (let at = exports.Chain, n = 0; n < 20_000; n += 1) at = at.next = class {};
    exports.itself = exports;
    exports.twice = (x) => 2 * x;
    exports.becomes = (value) => { later = value; };
    exports.hidden = exports.Chain.prototype.method;
  `,
};

const TOOLS = `
  import { deserialize, serialize } from 'condor-futures/payload';
  const sent = async (value) => deserialize(serialize(value));
  const call = async (fn) => (await sent(fn))();
`;

/** Programs by what they do to Node's own objects. */
const SPOILS = {
  'a Proxy for a method of console': 'console.error = evil(console.error)',
  'revoked Proxies on process': 'Object.assign(process, { a: revoked(() => {}), b: revoked({}) })',
  'a Proxy for fetch': 'globalThis.fetch = evil(fetch)',
  'a getter that throws for fetch':
    "Object.defineProperty(globalThis, 'fetch', { configurable: true, get: boom })",
  'Proxies on objects of the language':
    'Math.a = revoked({}); Reflect.a = evil({}); Array.prototype.a = evil({}); Math.b = revoked(() => {})',
  'Proxies for globals of later versions':
    'globalThis.Temporal = evil({}); globalThis.Iterator = revoked({})',
  'Proxies on a module of Node':
    'fs.a = evil({}); fs.b = revoked({}); fs.c = revoked(() => {}); (fs.D = function () {}).prototype = evil({})',
  'a getter that throws on a module of Node':
    "Object.defineProperty(fs, 'promises', { configurable: true, enumerable: true, get: boom })",
  'strange modules in require.cache': `
    const { cache } = createRequire(import.meta.url);
    Object.assign(cache, { '/a.js': null, '/b.js': 5, '/c.js': { exports: revoked({}), loaded: true } })`,
};

describe('A capture', () => {
  const directory = join(temporaryDirectory(), 'project');
  beforeAll(() => {
    makeProject(directory);
    for (const [name, text] of Object.entries(PACKAGES)) {
      writeTree(join(directory, 'node_modules', name), {
        'package.json': JSON.stringify({ name, version: '1.0.0', main: 'main.js' }),
        'main.js': text,
      });
    }
  });

  function run(program: string): { printed: unknown; stderr: string } {
    const args = ['--input-type=module', '--eval', TOOLS + program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
    return { printed: stdout === '' ? undefined : (JSON.parse(stdout) as unknown), stderr };
  }

  it('is not hurt by a loaded module that exports registered symbols, and sends them as they are', () => {
    const { printed, stderr } = run(`
      import { twice, any } from 'registered-symbols';
      const symbols = [Symbol.dispose, Symbol.asyncDispose, Symbol.iterator, Symbol.observable, Symbol.polyfilled, any];
      const { plain } = Symbol;
      const isSame = (await sent({ symbols, run: () => 0 })).symbols.map((symbol, at) => symbol === symbols[at]);
      console.log(JSON.stringify([await call(() => twice(21)), isSame, String(await call(() => plain))]));
    `);
    expect(stderr).toBe('');
    expect(printed).toEqual([42, [true, true, true, true, true, true], 'Symbol(plain)']);
  });

  it('is not hurt by exports that cannot be looked at', () => {
    const { printed, stderr } = run(`
      import spoilt from 'spoilt';
      const { twice, Chain, child } = spoilt;
      const other = 5;
      const results = [await call(() => twice(21)), await call(() => other + 1), await call(() => new Chain().method())];
      await sent({ child, run: () => 1 });
      console.log(JSON.stringify(results));
    `);
    expect(printed).toEqual([42, 6, 'method']);
    expect(stderr.match(/CondorFuturesWarning/g) ?? []).toHaveLength(stderr === '' ? 0 : 1);
  });

  it('names a module whose exports cannot be read, once, and reads it again later', () => {
    const { printed, stderr } = run(`
      import { createRequire } from 'node:module';
      const require = createRequire(import.meta.url);
      const { twice } = require('spoilt');
      const own = { seen: 0 };
      const module = { loaded: true, get exports() { own.seen += 1; throw new Error('not yet'); } };
      require.cache['/of/others.js'] = module;
      const results = [];
      for (const n of [1, 2, 3]) results.push(await call(() => twice(n)));
      console.log(JSON.stringify([results, own.seen > 1]));
    `);
    expect(printed).toEqual([[2, 4, 6], true]);
    expect(stderr.match(/The exports of \/of\/others\.js cannot be read/g)).toHaveLength(1);
  });

  it('is not hurt by a mock in the place of a required module', () => {
    const { printed, stderr } = run(`
      import spoilt from 'spoilt';
      import { createRequire } from 'node:module';
      const { cache } = createRequire(import.meta.url);
      const { twice } = spoilt;
      const modules = { ...cache };
      const results = [];
      for (const mock of [null, 5, { loaded: true, exports: null }, { loaded: false }]) {
        for (const file of Object.keys(modules)) cache[file] = mock;
        const bytes = serialize(() => twice(21));
        Object.assign(cache, modules);
        results.push((await deserialize(bytes))());
      }
      console.log(JSON.stringify(results));
    `);
    expect(stderr).toBe('');
    expect(printed).toEqual([42, 42, 42, 42]);
  });

  it.each(Object.entries(SPOILS))('is not hurt by %s', (_, spoil) => {
    const { printed, stderr } = run(`
      import fs from 'node:fs';
      import { createRequire } from 'node:module';
      ${TRAPS}
      const log = console.log;
      ${spoil};
      const { readFileSync } = fs;
      const map = new Map([[1, { max: Math.max }]]);
      log(JSON.stringify(await call(() => [map.get(1).max(1, 2), typeof readFileSync])));
    `);
    expect(stderr).toBe('');
    expect(printed).toEqual([2, 'function']);
  });
});
