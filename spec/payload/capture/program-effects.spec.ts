import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jsonPrintedBy } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { writeTree } from '../../support/write-tree.ts';

const PAYLOAD = JSON.stringify(new URL('../../../dist/payload/index.js', import.meta.url).href);
const directory = temporaryDirectory();

const BEGIN = (imports: string): string => `
  ${imports}
  import { serialize } from ${PAYLOAD};
  const found = {};
  const send = (name, value, options) => {
    try {
      found[name] = serialize(value, options).toString('base64');
    } catch ({ message }) {
      found[name] = message.split('\\n').slice(-2).map((line) => line.trim()).join(' ');
    }
  };`;
const END = 'console.log(JSON.stringify(found));';

writeTree(directory, {
  'node_modules/shapes/package.json':
    '{ "name": "shapes", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/shapes/index.js': `
    import { Shape } from './shape.js';
    export { Shape };
    export function shape(corners) { return new Shape(corners); }
    export function unit() { return 'cm'; }`,
  'node_modules/shapes/shape.js': 'export class Shape { constructor(corners) { this.corners = corners; } }',
  'node_modules/moves/package.json': `{
    "name": "moves", "version": "1.0.0", "type": "module", "exports": "./index.js", "dependencies": { "shapes": "1" }
  }`,
  'node_modules/moves/index.js': `
    import { Shape } from 'shapes';
    Shape.prototype.move = function () { return 'moved ' + this.corners; };`,
  'node_modules/facts/package.json': '{ "name": "facts", "version": "1.0.0" }',
  'node_modules/facts/index.js': "Reflect.factOf = (value) => 'fact of ' + value; Reflect.FACTS = 3;",
  'node_modules/tools/package.json': '{ "name": "tools", "version": "1.0.0" }',
  'node_modules/tools/index.js': `
    exports.cut = (x) => 'cut ' + x;
    exports.join = (x) => 'joined ' + x;
    exports.both = function (x) { return this.cut(this.join(x)); };`,
  'node_modules/callable/package.json': '{ "name": "callable", "version": "1.0.0" }',
  'node_modules/callable/index.js': `
    module.exports = function callable(x) { return 'called ' + x; };
    module.exports.cut = (x) => 'cut ' + x;`,
  'mock.mjs':
    "import tools from 'tools'; import callable from 'callable'; export const mock = () => { tools.cut = (x) => 'mocked ' + x; callable.cut = tools.cut; };",
  'setup.mjs': 'Math.half = (x) => x / 2;',
  'effects.mjs': `${BEGIN("import { Shape, shape } from 'shapes'; import 'moves';")}
    send('what makes instances', () => shape(3).move());
    const three = shape(3);
    send('an instance', () => three.move());
    send('a class', () => new Shape(3).move());
    send('preloaded', () => shape(3).move(), { preload: ['moves'] });
    ${END}`,
  'no-effects.mjs': `${BEGIN("import { unit } from 'shapes'; import 'facts'; import './setup.mjs';")}
    send('another package', () => unit());
    ${END}`,
  'added.mjs': `${BEGIN("import 'facts'; import './setup.mjs';")}
    Object.own = () => 1;
    Math.random = () => 2;
    send('of a package', () => Reflect.factOf(1));
    send('a number of a package', () => Reflect.FACTS);
    send('of a module', () => Math.half(1));
    send('of the program', () => Object.own());
    send('preloaded', () => Math.half(1), { preload: ['./setup.mjs'] });
    send('replaced', () => typeof Math.random());
    send('not there', () => Reflect.metadata?.(1));
    send('of JavaScript', () => [Math.PI > 3, Error.stackTraceLimit, Reflect.ownKeys({}).length, typeof process.cwd()]);
    ${END}`,
  'mocks.mjs': `${BEGIN("import tools from 'tools'; import callable from 'callable'; import { mock } from './mock.mjs';")}
    send('not yet', () => tools.cut(1));
    mock();
    send('a mock', () => tools.cut(1));
    send('beside a mock', () => tools.join(1));
    send('a user of a mock', () => tools.both(1));
    send('a mock on a function', () => callable.cut(1));
    send('beside that', () => callable(1));
    ${END}`,
  'read.mjs': `
    import { readFileSync } from 'node:fs';
    import { deserialize } from ${PAYLOAD};
    const found = {};
    for (const [name, bytes] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
      const value = await deserialize(Buffer.from(bytes, 'base64'));
      found[name] = value();
    }
    console.log(JSON.stringify(found));`,
});

/** What a program sends, or the end of the error of what it cannot send. */
function sentBy(program: string): Record<string, string> {
  const { stdout, stderr } = spawnSync(process.execPath, [program], { cwd: directory, encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, string>;
}

/** What some of the sent functions return in a process that has none of the program's modules. */
function read(sent: Record<string, string>, ...names: string[]): unknown {
  const input = JSON.stringify(Object.fromEntries(names.map((name) => [name, sent[name]])));
  return jsonPrintedBy(join(directory, 'read.mjs'), input);
}

describe('A package that a module changes, which the program imports only for that', () => {
  it('is refused, with the preload that helps, and travels with it', () => {
    const sent = sentBy('effects.mjs');
    const refusal =
      "-> a part of shapes, which 'moves' changes; the program imports that only for what it does (effects.mjs:2:1) " +
      "Let jobs load it first, too: preload: ['moves'].";
    for (const name of ['what makes instances', 'an instance', 'a class']) expect(sent[name]).toBe(refusal);
    expect(read(sent, 'preloaded')).toEqual({ preloaded: 'moved 3' });
  });

  it('is not one that no such module imports', () => {
    expect(read(sentBy('no-effects.mjs'), 'another package')).toEqual({ 'another package': 'cm' });
  });
});

describe('What the program has added to JavaScript', () => {
  const sent = sentBy('added.mjs');

  it('is refused, with the preload that helps', () => {
    expect(sent['of a package']).toBe(
      "-> a function that uses Reflect.factOf, which facts has added to JavaScript Let jobs load that first: preload: ['facts'].",
    );
    expect(sent['of a module']).toBe(
      "-> a function that uses Math.half, which ./setup.mjs has added to JavaScript Let jobs load that first: preload: ['./setup.mjs'].",
    );
    for (const [name, member] of [
      ['a number of a package', 'Reflect.FACTS'],
      ['of the program', 'Object.own'],
    ] as const)
      expect(sent[name]).toBe(
        `-> a function that uses ${member}, which this program has added to JavaScript Add it in a module of its own, and let jobs load that first, with the option \`preload\`.`,
      );
  });

  it('travels where it is preloaded, and so does what each job has', () => {
    expect(read(sent, 'preloaded', 'replaced', 'not there', 'of JavaScript')).toEqual({
      preloaded: 0.5,
      replaced: 'number',
      'of JavaScript': [true, expect.any(Number), 0, 'string'],
    });
  });
});

describe("What the program has put in the place of a package's function", () => {
  const sent = sentBy('mocks.mjs');

  it('travels with the object that it was put into', () => {
    expect(read(sent, 'not yet', 'a mock', 'beside a mock', 'a user of a mock', 'beside that')).toEqual({
      'not yet': 'cut 1',
      'a mock': 'mocked 1',
      'beside a mock': 'joined 1',
      'a user of a mock': 'mocked joined 1',
      'beside that': 'called 1',
    });
  });

  it('is refused in a function, which a job has from its module', () => {
    expect(sent['a mock on a function']).toBe(
      "-> a function that uses callable.cut, which the program has put into a package's function " +
        'Write `const cut = callable.cut` outside of it, and use that; or do it in a module that jobs load first, with the option `preload`.',
    );
  });
});
