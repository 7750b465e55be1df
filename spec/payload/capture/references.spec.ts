import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jsonPrintedBy } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const PAYLOAD = JSON.stringify(new URL('../../../dist/payload/index.js', import.meta.url).href);
const directory = temporaryDirectory();

function write(name: string, text: string): void {
  writeTree(directory, { [name]: text });
}

/** A function with a name that its own text does not export, and with variables that would have to travel. */
const MAKE = `
  const table = Array.from({ length: 500 }, (_, at) => ({ at, of: [at] }));
  export const make = (by) => (x) => x * by + table[0].at;
`;

write(
  'node_modules/made/package.json',
  '{ "name": "made", "version": "1.2.3", "type": "module", "exports": { ".": { "import": "./index.js" }, "./*": "./*.js" } }',
);
write('node_modules/made/make.js', MAKE);
write('node_modules/made/inner.js', 'export default function core(x) { return core.extra(x); }');
write('node_modules/made/star.js', `import { make } from './make.js'; export const starred = make(7);`);
write(
  'node_modules/made/index.js',
  `
  import core from './inner.js';
  import { make } from './make.js';
  core.extra = (x) => x + 1;
  export default core;
  export * from './star.js';
  export { make } from './make.js';
  export const double = make(2);
  const local = make(3);
  export { local as triple };
  export const { quadruple, rest: [quintuple] } = { quadruple: make(4), rest: [make(5)] };
  export const key = Symbol('of the package');
  export const keyed = { [key]: 6, read() { return this[key]; } };
  export let current = make(1);
  export function change(by) { current = make(by); }
  export const settings = { url: 'as loaded', levels: [1] };
  export const client = { url: 'as loaded', send() { return this.url + table.length; } };
  const table = Array.from({ length: 300 }, make);
  export const service = { url: 'as loaded', send() { return this.url + table.length; } };
  export class Counter { constructor(n) { this.n = n; } next() { return core(this.n); } }
  `,
);
write(
  'node_modules/made/other.js',
  `import { make } from './make.js'; export default make(10); export const scale = make(11);`,
);
write('node_modules/classic/package.json', '{ "name": "classic", "version": "2.0.0" }');
write('node_modules/classic/core.js', 'module.exports = function core(x) { return core.extra(x); };');
write(
  'node_modules/classic/index.js',
  `const core = require('./core.js'); core.extra = (x) => x + 1; module.exports = core;`,
);
write(
  'node_modules/classic/parts.js',
  `class Part { constructor(n) { this.n = n; } get() { return Part.read(this); } } module.exports = { Part };`,
);
write(
  'node_modules/classic/entry.js',
  `const { Part } = require('./parts.js'); Part.read = ({ n }) => n; exports.make = (n) => new Part(n);`,
);
write('own.mjs', `import { make } from 'made'; export const own = make(8); own.label = 'loaded';`);

/** Closures of a program by the name of the test, with the values in the job. */
const CLOSURES: readonly (readonly [
  name: string,
  closure: string,
  inJob: unknown,
  reference: string | null,
])[] = [
  ['a function to which the entry adds, by default', '() => core(1)', 2, 'default of made@1.2.3'],
  ['an exported call', '() => double(2)', 4, 'double of made@1.2.3'],
  ['an export by another name', '() => three(2)', 6, 'triple of made@1.2.3'],
  ['an export by a pattern', '() => [quadruple(1), quintuple(1)]', [4, 5], 'quintuple of made@1.2.3'],
  ['an export of `export *`', '() => starred(2)', 14, 'starred of made@1.2.3'],
  ['a default export that is a call', '() => ten(2)', 20, 'default of made@1.2.3'],
  ['an export of a subpath', '() => scale(2)', 22, 'scale of made@1.2.3'],
  ['an object with functions', '() => client.send()', 'as loaded300', 'client of made@1.2.3'],
  ['a symbol and the object that has it', '() => [keyed[key], keyed.read()]', [6, 6], 'key of made@1.2.3'],
  ['a function within an object of the program', '() => held.double(3)', 6, 'double of made@1.2.3'],
  ['an instance whose class the program imports', '() => counter.next()', 5, null],
  ['a namespace', '() => made.double(2)', 4, '* of made'],
  ['CommonJS whose entry adds to an inner function', '() => classic(1)', 2, 'default of classic@2.0.0'],
  ['an inner function without an import of its own', '() => [list[0](1), list[1](1)]', [2, 2], 'default of'],
  [
    'an instance of an inner class to which the entry adds',
    '() => part.get()',
    12,
    'Part.prototype of classic@2.0.0/parts.js',
  ],
  // By value, with what the program made of them:
  ['an export that was assigned to', '() => current(2)', 18, null],
  ['data that the program has changed', '() => [settings.url, settings.levels]', ['changed', [1, 2]], null],
  ['an object that the program has changed', '() => service.send()', 'changed300', null],
  ['a value of a module of the program', '() => [own(2), own.label]', [16, 'changed'], null],
];

const PROGRAM = `
  import { writeFileSync } from 'node:fs';
  import { explain, serialize } from ${PAYLOAD};
  import core, { change, client, Counter, current, double, key, keyed, quadruple, quintuple, service, settings,
    starred, triple as three } from 'made';
  import * as made from 'made';
  import ten, { scale } from 'made/other';
  import classic from 'classic';
  import parts from 'classic/entry.js';
  const part = parts.make(12);
  import { own } from './own.mjs';
  change(9);
  settings.url = 'changed';
  settings.levels.push(2);
  service.url = 'changed';
  own.label = 'changed';
  const held = { double };
  const counter = new Counter(4);
  const list = [core, classic];
  const closures = { ${CLOSURES.map(([name, closure]) => `${JSON.stringify(name)}: ${closure}`).join(',\n')} };
  const found = {};
  for (const [name, closure] of Object.entries(closures)) {
    found[name] = {
      here: closure(),
      bytes: serialize(closure).toString('base64'),
      size: serialize(closure).length,
      explained: String(explain(closure)),
      byValue: String(explain(closure, { byValue: ['made'] })),
    };
  }
  console.log(JSON.stringify(found));
`;

const JOB = `
  import { readFileSync } from 'node:fs';
  import { deserialize } from ${PAYLOAD};
  const found = {};
  for (const [name, { bytes }] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
    try {
      found[name] = (await deserialize(Buffer.from(bytes, 'base64')))();
    } catch (error) {
      found[name] = String(error);
    }
  }
  console.log(JSON.stringify(found));
`;

function run(name: string, program: string, input?: string): Record<string, unknown> {
  write(name, program);
  return jsonPrintedBy(join(directory, name), input) as Record<string, unknown>;
}

interface Sent {
  readonly here: unknown;
  readonly size: number;
  readonly explained: string;
  readonly byValue: string;
}

const sent = run('main.mjs', PROGRAM) as Record<string, Sent>;
const inJob = run('job.mjs', JOB, JSON.stringify(sent));

describe('what a module of the program imports from a package', () => {
  it.each(CLOSURES)('has the same value in the job: %s', (name, _, expected) => {
    expect(sent[name]?.here).toEqual(expected);
    expect(inJob[name]).toEqual(expected);
  });

  it.each(CLOSURES.filter(([, , , reference]) => reference !== null))(
    'goes by reference to its import, small: %s',
    (name, _, __, reference) => {
      expect(sent[name]?.explained).toContain(`by reference: ${reference}`);
      expect(sent[name]?.size).toBeLessThan(2000);
    },
  );

  it.each(CLOSURES.filter(([, , , reference]) => reference === null))(
    'goes by value where the job would find another: %s',
    (name) => {
      expect(sent[name]?.explained).not.toMatch(
        / = [^\n]*by reference: (?:current|settings|service|own)\b(?!\.)/,
      );
    },
  );

  it('goes by value if the executor says so', () => {
    expect(sent['an exported call']?.byValue).not.toContain('by reference: double');
  });
});
