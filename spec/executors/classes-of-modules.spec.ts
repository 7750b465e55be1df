import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import ts from 'typescript';
import { builtModule } from '../support/built-file.ts';
import { jsonPrintedBy } from '../support/run-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { writeTree } from '../support/write-tree.ts';

const MODEL = `
export class Model {
  #weight: number;
  constructor(weight: number) {
    this.#weight = weight;
  }
  predict(x: number) {
    return this.#weight * x;
  }
  add(other: Model): Model {
    return new Model(this.#weight + other.#weight);
  }
}
export class Large extends Model {
  #more = 5;
  more() {
    return this.#more + this.predict(1);
  }
}
export class Plain {
  n: number;
  constructor(n: number) {
    this.n = n;
  }
}
`;

const CHECKS = `
import { Model } from './model.js';
export const isModel = (value: unknown) => value instanceof Model;
`;

const PROGRAM = `
import { LocalExecutor } from '${builtModule('index')}';
import { Large, Model, Plain } from './model.js';
import { isModel } from './checks.js';

const executor = new LocalExecutor({ directory: 'jobs' });
const found: Record<string, unknown> = {};
const model = new Model(0.5);
const large = new Large(2);
const plain = new Plain(4);
try {
  found['captured'] = await executor.submit((x: number) => model.predict(x), 42);
  found['argument'] = await executor.submit(
    (m: Model) => [m.predict(42), isModel(m), m instanceof Model, m.add(new Model(1)).predict(2)],
    model,
  );
  found['argument of a function of a module'] = await executor.submit(isModel, model);
  found['of a class that extends another'] = await executor.submit(
    (m: Large) => [m.more(), m instanceof Model, isModel(m)],
    large,
  );
  found['beside another class'] = await executor.submit(
    (p: Plain) => [p instanceof Plain, p.n, model.predict(2)],
    plain,
  );
  const made = executor.submit((weight: number) => new Model(weight), 3);
  found['result'] = [(await made) instanceof Model, isModel(await made), (await made).predict(2)];
  const largest = await executor.submit((weight: number) => new Large(weight), 3);
  found['result of a class that extends another'] = [largest instanceof Large, isModel(largest), largest.more()];
  found['result of a result'] = await executor.submit(
    (m: Model) => [m.predict(2), m instanceof Model, isModel(m)],
    made,
  );
  found['result of a result, beside another'] = await executor.submit(
    (m: Model) => [m.predict(2), m instanceof Model, isModel(m), model.predict(2)],
    made,
  );
} catch (error) {
  found['error'] = String(error);
}
await executor.shutdown();
console.log(JSON.stringify(found));
`;

const STORE = `
import { createServer } from 'node:net';
export class Suit {
  #rank;
  constructor(rank) {
    this.#rank = rank;
  }
  beats(other) {
    return this.#rank > other.#rank;
  }
  static HEARTS = new Suit(3);
  static SPADES = new Suit(4);
}
export const limits = Object.freeze({ most: 5 });
export const NONE = Symbol('none');
export const NOT_FOUND = new Error('not found');
export const connection = createServer();
`;

const PROGRAM_WITH_STORE = `
import { LocalExecutor } from '${builtModule('index')}';
import { connection, limits, NONE, NOT_FOUND, Suit } from './store.js';

const executor = new LocalExecutor({ directory: 'jobs-with-store' });
const found = {};
const ace = new Suit(9);
try {
  found['a connection'] = await executor.submit((suit) => [connection.listening, suit.beats(ace)], new Suit(10));
  found['static instances'] = await executor.submit(
    (hearts) => [hearts === Suit.HEARTS, ace.beats(hearts), Suit.HEARTS instanceof Suit],
    Suit.HEARTS,
  );
  const [hearts, spades] = await executor.submit(() => [Suit.HEARTS, Suit.SPADES]);
  found['results'] = [hearts === Suit.HEARTS, spades === Suit.SPADES, spades.beats(hearts)];
  found['constants'] = await executor.submit(
    (none, most, suit) => [none === NONE, most === limits, suit instanceof Suit],
    NONE,
    limits,
    ace,
  );
  const thrown = await executor.submit(() => { throw NOT_FOUND; }).catch((error) => error);
  const other = await executor.submit(() => { throw new Error('not found'); }).catch((error) => error);
  const isGiven = await executor.submit((given, suit) => given === NOT_FOUND && suit.beats(Suit.HEARTS), NOT_FOUND, ace);
  found['errors'] = [thrown === NOT_FOUND, other === NOT_FOUND, isGiven];
  const returned = await executor.submit(() => [NONE, limits, ace]);
  found['constants in results'] = [returned[0] === NONE, returned[1] === limits, returned[2] instanceof Suit];
} catch (error) {
  found['error'] = String(error);
}
await executor.shutdown();
console.log(JSON.stringify(found));
`;

const ERRORS = `
export class Overdrawn extends RangeError {
  #missing;
  constructor(message, missing, options) {
    super(message, options);
    this.#missing = missing;
    this.name = 'Overdrawn';
  }
  get missing() {
    return this.#missing.amount;
  }
}
`;

const THROWING_PROGRAM = `
import { LocalExecutor } from '${builtModule('index')}';
import { Overdrawn } from './errors.js';

class Late extends Error {
  #by;
  constructor(by, options) {
    super('late', options);
    this.#by = by;
  }
  get by() {
    return this.#by;
  }
}

const executor = new LocalExecutor({ directory: 'jobs-that-throw' });
const found = {};
const thrownBy = async (fn, ...args) => executor.submit(fn, ...args).then(() => 'nothing', (error) => error);
const see = (error) => [error instanceof Overdrawn, error.missing, error.name, error.message];
found['of a module'] = see(await thrownBy(() => { throw new Overdrawn('no', { amount: 5 }); }));
const late = await thrownBy(() => { throw new Late(3, { cause: new Overdrawn('no', { amount: 6 }) }); });
found['of the program'] = [late instanceof Late, late.by, late.message, ...see(late.cause)];
const given = new Late(4);
const returned = await thrownBy((error) => { throw error; }, given);
found['given to the call'] = [returned instanceof Late, returned.by];
const many = await thrownBy(() => {
  const one = new Late(5);
  throw Object.freeze(new AggregateError([one, one], 'many', { cause: one }));
});
found['of an AggregateError'] = [many.errors[0].by, many.errors[1] === many.cause, Object.isFrozen(many)];
const partly = await thrownBy(() => {
  const { Socket } = process.getBuiltinModule('node:net');
  class Inside extends Late {
    #socket = new Socket();
  }
  throw new Inside({ socket: new Socket(), minutes: 7 });
});
found['what can travel'] = [partly instanceof Late, partly.by.minutes, typeof partly.by.socket];
await executor.shutdown();
console.log(JSON.stringify(found));
`;

const EXPECTED = {
  captured: 21,
  argument: [21, true, true, 3],
  'argument of a function of a module': true,
  'of a class that extends another': [7, true, true],
  'beside another class': [true, 4, 1],
  result: [true, true, 6],
  'result of a class that extends another': [true, true, 8],
  'result of a result': [6, true, true],
  'result of a result, beside another': [6, true, true, 1],
};

const directory = temporaryDirectory();

/** Runs a program beside the modules. @returns what it prints */
function run(modules: Record<string, string>): unknown {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
  writeTree(directory, { 'package.json': '{ "type": "module" }' });
  for (const [name, text] of Object.entries(modules))
    writeTree(directory, { [`${name}.js`]: ts.transpileModule(text, { compilerOptions }).outputText });
  return jsonPrintedBy(join(directory, 'main.js'));
}

describe('Instances with private members of classes that modules export', () => {
  it('travel both ways, and are those of the module', () => {
    expect(run({ model: MODEL, checks: CHECKS, main: PROGRAM })).toEqual(EXPECTED);
  });

  it('travel as errors that a call throws', () => {
    expect(run({ errors: ERRORS, main: THROWING_PROGRAM })).toEqual({
      'of a module': [true, 5, 'Overdrawn', 'no'],
      'of the program': [true, 3, 'late', true, 6, 'Overdrawn', 'no'],
      'given to the call': [true, 4],
      'of an AggregateError': [5, true, true],
      'what can travel': [true, 7, 'string'],
    });
  });

  it('travel beside what only the job can make, and stay the constants of the module', () => {
    expect(run({ store: STORE, main: PROGRAM_WITH_STORE })).toEqual({
      'a connection': [false, true],
      'static instances': [true, true, true],
      results: [true, true, true],
      constants: [true, true, true],
      errors: [true, false, true],
      'constants in results': [true, true, true],
    });
  });
});
