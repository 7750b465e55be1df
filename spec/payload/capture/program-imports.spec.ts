import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { jsonPrintedBy } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const PAYLOAD = JSON.stringify(new URL('../../../dist/payload/index.js', import.meta.url).href);
const directory = temporaryDirectory();

// What `client` and `double` are made of would take some 60 kB.
const TABLE = 'const table = Array.from({ length: 500 }, (_, at) => ({ at, of: [at] }));';
const CLIENT = `{ url: 'as loaded', send() { return this.url + table.length; } }`;

/** Closures with their values in the job. */
type Closures = readonly (readonly [name: string, closure: string, inJob: unknown, reference: string])[];

const REPORT = (closures: Closures): string => `
  const found = {};
  for (const [name, make] of Object.entries({
    ${closures.map(([name, closure]) => `${JSON.stringify(name)}: async () => (${closure})`).join(',\n')}
  })) {
    const closure = await make();
    found[name] = { here: closure(), bytes: serialize(closure).toString('base64'), explained: String(explain(closure)) };
  }
  console.log(JSON.stringify(found));`;

writeTree(directory, {
  'node_modules/classic/package.json': '{ "name": "classic", "version": "2.0.0" }',
  'node_modules/classic/core.js': 'module.exports = function core(x) { return core.extra(x); };',
  'node_modules/classic/index.js': `
    ${TABLE}
    const core = require('./core.js');
    core.extra = (x) => x + 1;
    core.double = ((by) => (x) => x * by + table[0].at)(2);
    core.client = ${CLIENT};
    core.settings = { level: 'as loaded' };
    core.default = core;
    module.exports = core;`,
  'node_modules/classic/sub.js': `${TABLE} exports.client = ${CLIENT};`,
  'node_modules/compiled/package.json': '{ "name": "compiled", "version": "3.0.0" }',
  'node_modules/compiled/inner.js': `
    Object.defineProperty(exports, '__esModule', { value: true });
    ${TABLE}
    exports.evaluate = ((more) => (x) => x + more + table.length)(4);
    exports.client = ${CLIENT};`,
  'node_modules/compiled/index.js': `
    Object.defineProperty(exports, '__esModule', { value: true });
    const inner = require('./inner.js');
    Object.defineProperty(exports, 'evaluate', { enumerable: true, get: function () { return inner.evaluate; } });
    Object.defineProperty(exports, 'client', { enumerable: true, get: function () { return inner.client; } });
    exports.default = inner.evaluate;`,
  'node_modules/dual/package.json':
    '{ "name": "dual", "version": "4.0.0", "exports": { "import": "./index.mjs", "require": "./index.cjs" } }',
  'node_modules/dual/index.mjs': `${TABLE} export const client = { url: 'module', send() { return this.url + table.length; } };`,
  'node_modules/dual/index.cjs': `${TABLE} exports.client = { url: 'commonjs', send() { return this.url + table.length; } };`,
  'node_modules/dates/package.json': '{ "name": "dates", "version": "5.0.0" }',
  // A class that is not exported, whose prototype is.
  'node_modules/dates/index.js': `
    function Day(n) { this.n = n; }
    Day.prototype.show = function () { return 'day ' + this.n; };
    module.exports = (n) => new Day(n);
    module.exports.fn = Day.prototype;`,
  'node_modules/dates/zones.js': `const dates = require('./index.js'); dates.fn.show = function () { return 'zoned ' + this.n; };`,
  'made-day.mjs': `
    import dates from 'dates';
    import { serialize } from ${PAYLOAD};
    console.log(JSON.stringify({ day: { bytes: serialize(dates(3)).toString('base64') } }));`,
  'read-day.mjs': `
    import 'dates/zones.js';
    import { readFileSync } from 'node:fs';
    import { deserialize } from ${PAYLOAD};
    const day = await deserialize(Buffer.from(JSON.parse(readFileSync(0, 'utf8')).day.bytes, 'base64'));
    console.log(JSON.stringify({ shown: day.show() }));`,
  'node_modules/days/package.json': '{ "name": "days", "version": "6.0.0" }',
  'node_modules/days/index.js': `
    class Day { show() { return 'day'; } }
    const days = () => new Day();
    days.prototype = Day.prototype;
    days.extend = (plugin) => plugin(Day, days);
    days.zero = require('./zero.js');
    module.exports = days;`,
  'node_modules/days/zero.js': 'module.exports = () => 0;',
  'node_modules/days/plugin.js': `
    module.exports = (Day, days) => {
      const { show } = Day.prototype;
      Day.prototype.show = function () { return 'plugged ' + show.call(this); };
      days.more = () => 'more';
    };`,
  'extended.mjs': `
    import { explain, serialize } from ${PAYLOAD};
    import days from 'days';
    import plugin from 'days/plugin.js';
    days.extend(plugin);
    const day = days();
    ${REPORT([
      ['an instance', '() => day.show()', '', ''],
      ['the function', '() => [days.more(), days().show(), days.zero()]', '', ''],
    ])}`,
  'unextended.mjs': `
    import { explain, serialize } from ${PAYLOAD};
    import days from 'days';
    import zero from 'days/zero.js';
    ${REPORT([['the function', '() => [days().show(), zero()]', '', '']])}`,
  'own.cjs': `exports.client = require('classic').client; exports.evaluate = require('compiled').evaluate;`,
  'tools.mjs': `
    import core from 'classic';
    const { client } = core;
    export { client as dual } from 'dual';
    export * from './more.mjs';
    export * as everything from 'dual';
    export const again = client;
    export { core, core as default };
    export const local = () => client.send();`,
  'more.mjs': `export * from 'dual';`,
});

const COMMONJS: Closures = [
  ['all of a module', '() => classic(1)', 2, '* of classic@2.0.0, required by'],
  ['a part of it', '() => double(2)', 4, 'double of classic@2.0.0, required by'],
  ['a part by another name', '() => other.send()', 'as loaded500', 'client of classic@2.0.0'],
  ['a part of a part', '() => send.call({ url: "own" })', 'own500', 'client.send of classic@2.0.0'],
  ['a property of the call', '() => byDefault(3)', 4, 'default of classic@2.0.0'],
  ['a member of a variable that holds a module', '() => member.send()', 'as loaded500', 'client of classic'],
  ['a subpath', '() => sub.client.send()', 'as loaded500', '* of classic@2.0.0/sub'],
  [
    'what a getter of a compiled module returns',
    '() => [evaluate(1), client.send()]',
    [505, 'as loaded500'],
    'client of compiled@3.0.0',
  ],
  ['the module of compiled TypeScript', '() => (0, compiled_1.evaluate)(1)', 505, '* of compiled@3.0.0'],
  ['the default of compiled TypeScript', '() => (0, compiled_2.default)(1)', 505, '* of compiled@3.0.0'],
  ['a default that a compiler adds', '() => (0, classic_1.default)(1)', 2, 'classic@2.0.0'],
  [
    'a copy of a module by a compiler',
    '() => [star.client.send(), star.double(1)]',
    ['as loaded500', 2],
    'classic@2.0.0',
  ],
  ['the file for require, not that for import', '() => dual.send()', 'commonjs500', 'client of dual@4.0.0'],
  ['createRequire', '() => required.send()', 'as loaded500', 'client of classic@2.0.0'],
  ['a require within a function', 'within()', 'as loaded500', 'client of classic@2.0.0'],
  [
    'what a module of the program requires',
    '() => [own.client.send(), ownClient.send()]',
    ['as loaded500', 'as loaded500'],
    'client of classic@2.0.0, required by',
  ],
  [
    'what is held by an object of the program',
    '() => held.list[0].send()',
    'as loaded500',
    'client of classic',
  ],
];

const IMPORTS: Closures = [
  [
    'an export of a module of the program',
    '() => dual.send()',
    'module500',
    'client of dual@4.0.0, imported by',
  ],
  ['its default export', '() => [core(1), again.send()]', [2, 'as loaded500'], 'default of classic@2.0.0'],
  ['its export of all', '() => client.send()', 'module500', 'client of dual@4.0.0'],
  ['its export of a namespace', '() => everything.client.send()', 'module500', 'of dual@4.0.0'],
  ['its namespace', '() => tools.again.send()', 'as loaded500', '* of ./tools.mjs'],
  [
    'await import()',
    '() => [dynamic.send(), namespace.client.send()]',
    ['module500', 'module500'],
    '* of dual@4.0.0',
  ],
  ['await import() within a function', 'await within()', 'module500', 'client of dual@4.0.0'],
  ['the default of await import()', '() => byDefault(1)', 2, 'default of classic@2.0.0'],
  [
    'a member of an import',
    '() => [member.send(), taken(2)]',
    ['as loaded500', 4],
    'default.client of classic@2.0.0',
  ],
  ['createRequire', '() => required.send()', 'commonjs500', 'client of dual@4.0.0, required by'],
];

writeTree(directory, {
  'main.cjs': `
    const classic = require('classic');
    const { double, client: other, client: { send } } = require('classic');
    const byDefault = require('classic').default;
    const { client: member } = classic;
    const sub = require('classic/sub');
    const { evaluate, client } = require('compiled');
    const toModule = (m) => (m && m.__esModule ? m : { default: m });
    const toStar = (m) => {
      const star = {};
      for (const key of Object.keys(m)) if (key !== 'default') Object.defineProperty(star, key, { enumerable: true, get: () => m[key] });
      return Object.defineProperty(star, 'default', { enumerable: true, value: m });
    };
    const compiled_1 = require('compiled');
    const compiled_2 = toModule(require('compiled'));
    const classic_1 = toModule(require('classic'));
    const star = toStar(require('classic'));
    const { client: dual } = require('dual');
    const required = require('node:module').createRequire(__filename)('classic').client;
    const own = require('./own.cjs');
    const { client: ownClient } = own;
    const within = () => { const { client: inner } = require('classic'); return () => inner.send(); };
    const held = { list: [member] };
    void (async () => { const { explain, serialize } = await import(${PAYLOAD}); ${REPORT(COMMONJS)} })();`,
  'main.mjs': `
    import { createRequire } from 'node:module';
    import { explain, serialize } from ${PAYLOAD};
    import core, { again, client, dual, everything } from './tools.mjs';
    import * as tools from './tools.mjs';
    import classic from 'classic';
    const require = createRequire(import.meta.url);
    const required = require('dual').client;
    const { client: dynamic } = await import('dual');
    const namespace = await import('dual');
    const byDefault = (await import('classic')).default;
    const { client: member } = classic;
    const taken = classic.double;
    const within = async () => { const { client: inner } = await import('dual'); return () => inner.send(); };
    ${REPORT(IMPORTS)}`,
  'explained.mjs': `import { explain } from ${PAYLOAD};
    import './more.mjs';
    import { client } from 'dual';
    import { client as mocked } from 'compiled';
    mocked.url = 'changed';
    const use = () => client.send();
    console.log(JSON.stringify({
      client: String(explain(use)),
      mocked: String(explain(() => mocked.send())),
      preloaded: String(explain(use, { preload: ['./more.mjs'] })),
    }));`,
  'changed.cjs': `
    const { settings } = require('classic');
    const classic = require('classic');
    const { client } = classic;
    const { client: mocked } = require('compiled');
    settings.level = 'changed';
    classic.client.url = 'changed';
    mocked.send = () => 'mocked';
    void (async () => {
      const { explain, serialize } = await import(${PAYLOAD});
      ${REPORT([
        ['data', '() => settings.level', '', ''],
        ['an object', '() => client.send()', '', ''],
        ['a function', '() => mocked.send()', '', ''],
      ])}
    })();`,
  'job.mjs': `
    import { readFileSync } from 'node:fs';
    import { deserialize } from ${PAYLOAD};
    const found = {};
    for (const [name, { bytes }] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
      try {
        found[name] = await (await deserialize(Buffer.from(bytes, 'base64')))();
      } catch (error) {
        found[name] = String(error);
      }
    }
    console.log(JSON.stringify(found));`,
});

function run(name: string, input?: string): Record<string, unknown> {
  return jsonPrintedBy(join(directory, name), input) as Record<string, unknown>;
}

interface Sent {
  readonly bytes: string;
  readonly explained: string;
}

function runBoth(name: string): { sent: Record<string, Sent>; inJob: Record<string, unknown> } {
  const sent = run(name) as Record<string, Sent>;
  return { sent, inJob: run('job.mjs', JSON.stringify(sent)) };
}

function itRefersTo(closures: Closures, program: string): void {
  const { sent, inJob } = runBoth(program);

  it.each(closures)('is right in the job, and small: %s', (name, _, expected, reference) => {
    expect(inJob[name]).toEqual(expected);
    expect(sent[name]?.explained).toContain(reference);
    expect(Buffer.from(sent[name]?.bytes ?? '', 'base64').length).toBeLessThan(2000);
  });
}

describe('what a CommonJS program requires from a package', () => {
  itRefersTo(COMMONJS, 'main.cjs');

  it('is sent as the program has changed it', () => {
    expect(runBoth('changed.cjs').inJob).toEqual({
      data: 'changed',
      'an object': 'changed500',
      'a function': 'mocked',
    });
  });
});

describe('what a plugin has put functions into', () => {
  it('is sent with them, instances and all', () => {
    expect(runBoth('extended.mjs').inJob).toEqual({
      'an instance': 'plugged day',
      'the function': ['more', 'plugged day', 0],
    });
  });

  it('says so in explain', () => {
    expect(runBoth('extended.mjs').sent['the function']?.explained).toContain(
      'by value because a module that extended.mjs imports besides has put functions into it',
    );
  });

  it('is not mistaken for a function to which its own module adds what the program imports, too', () => {
    const { sent, inJob } = runBoth('unextended.mjs');
    expect(inJob).toEqual({ 'the function': ['day', 0] });
    expect(sent['the function']?.explained).toContain('by reference: default of days@6.0.0');
  });
});

describe('an instance of a class of which a package exports the prototype alone', () => {
  it('can be read where a plugin has changed the prototype', () => {
    const made = run('made-day.mjs') as Record<string, Sent>;
    expect(Buffer.from(made['day']?.bytes ?? '', 'base64').length).toBeLessThan(1000);
    expect(run('read-day.mjs', JSON.stringify(made))).toEqual({ shown: 'zoned 3' });
  });
});

describe('explain', () => {
  it('says where the program imports a module, and why it sends what it imports', () => {
    const { client, mocked } = run('explained.mjs') as Record<string, string>;
    expect(client).toContain(
      `by reference: client of dual@4.0.0, imported by ${pathToFileURL(join(directory, 'explained.mjs')).href} (explained.mjs:3)`,
    );
    expect(mocked).toContain(
      'by value because the program changes it, which explained.mjs imports at explained.mjs:4',
    );
  });

  it('names modules that the program imports only for what they do, unless they are preloaded', () => {
    const { client, preloaded } = run('explained.mjs') as Record<string, string>;
    expect(client).toContain(
      `explained.mjs:2 imports './more.mjs' only for what it does, which a job does not. If the function needs that: preload: ['./more.mjs']`,
    );
    expect(preloaded).not.toContain('only for what');
  });
});

describe('what an ES module has from a package by other ways than its own import statements', () => {
  itRefersTo(IMPORTS, 'main.mjs');
});
