import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import * as fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { promisify } from 'node:util';
import { Account, Celsius, increment, Kelvin, makeReader, Plain, renamed, settings } from './library.mjs';
import * as library from './library.mjs';
import { pool } from './pool.mjs';
import { area, scaler, Shape } from 'shapes';
import * as shapes from 'shapes';
import { corners } from 'shapes/sub';

/** Is it the very function, class or object of the module? A function that was sent by value is not. */
const isOf = (module, name, value) => {
  const loaded = globalThis[Symbol.for(`conformance.${module}`)] ?? [];
  return loaded.some((exported) => exported[name] === value);
};
const isOfLibrary = (name, value) => isOf('library', name, value);
const isOfShapes = (name, value) => isOf('shapes', name, value);

export const cases = {
  'knows what belongs to the language': {
    send() {
      const { sqrt } = Math;
      const { parse } = JSON;
      const { isArray } = Array;
      const { slice } = Array.prototype;
      const { get: size } = Object.getOwnPropertyDescriptor(Map.prototype, 'size');
      const [Later, everything, limit] = [Promise, globalThis, Infinity];
      const [AsyncFunction, TypedArray] = [(async () => {}).constructor, Object.getPrototypeOf(Int8Array)];
      const generatorPrototype = Object.getPrototypeOf(function* () {}).prototype;
      const all = [
        sqrt,
        parse,
        isArray,
        slice,
        Later,
        everything,
        AsyncFunction,
        TypedArray,
        generatorPrototype,
      ];
      const same = () => [
        Math.sqrt,
        JSON.parse,
        Array.isArray,
        Array.prototype.slice,
        Promise,
        globalThis,
        (async () => {}).constructor,
        Object.getPrototypeOf(Int8Array),
        Object.getPrototypeOf(function* () {}).prototype,
      ];
      return () => [same().map((value, i) => value === all[i]), size.call(new Map([[1, 2]])), limit, sqrt(4)];
    },
    gives: [[true, true, true, true, true, true, true, true, true], 1, Infinity, 2],
  },
  'knows the modules of node, and what they export': {
    send: () => () => {
      const own = process.getBuiltinModule;
      return [
        readFileSync === own('node:fs').readFileSync,
        fs.readFileSync === readFileSync && typeof fs.promises.open,
        joinPath('a', '..', 'b'),
        createHash('sha256').update('').digest('hex').slice(0, 8),
        EventEmitter === own('node:events'),
        promisify === own('node:util').promisify,
      ];
    },
    gives: [true, 'function', 'b', 'e3b0c442', true, true],
  },
  'knows what is global in node': {
    send() {
      const { env, version } = process;
      const all = [
        process,
        Buffer,
        setTimeout,
        setImmediate,
        console,
        console.log,
        performance,
        structuredClone,
        URL,
      ];
      return () => {
        const { process: own } = globalThis;
        const same = [
          own,
          Buffer,
          setTimeout,
          setImmediate,
          console,
          console.log,
          performance,
          structuredClone,
          URL,
        ];
        return [same.map((value, i) => value === all[i]).join(), env === own.env, version === own.version];
      };
    },
    gives: ['true,true,true,true,true,true,true,true,true', true, true],
  },
  'sees the environment of the other process, not the one here': {
    send() {
      process.env.CONFORMANCE_SEEN = 'here';
      const { env } = process;
      return () => [env.CONFORMANCE_REPORT === undefined, process.env.CONFORMANCE_REPORT === undefined];
    },
    gives: [true, true],
    givesHere: [false, false],
  },
  'sends functions of modules by reference, whose state begins anew there': {
    send() {
      increment();
      return () => [isOfLibrary('increment', increment), increment() > 101];
    },
    gives: [true, false],
    givesHere: [true, true],
  },
  'sends a function of a module alone': { send: () => renamed, gives: 'renamed' },
  'sends functions of modules under whatever name': {
    send() {
      const object = { again: increment, list: [renamed] };
      const other = increment;
      return () => [
        isOfLibrary('increment', object.again),
        other === increment,
        isOfLibrary('renamed', object.list[0]),
      ];
    },
    gives: [true, true, true],
  },
  'sends bound functions of modules': {
    send() {
      const bound = Plain.of.bind(Plain, 'bound');
      return () => [bound().hello(), bound() instanceof Plain, bound.name];
    },
    gives: ['hello bound', true, 'bound of'],
  },
  'sends classes of modules by reference, and their instances': {
    send() {
      const plain = new Plain('world');
      const { hello } = Plain.prototype;
      return () => [
        isOfLibrary('Plain', Plain),
        plain instanceof Plain,
        plain.hello(),
        hello === Plain.prototype.hello,
        Plain.of('static').hello(),
        new Account().deposit(3).balance,
      ];
    },
    gives: [true, true, 'hello world', true, 'hello static', 3],
  },
  'sends instances of classes of modules home': {
    send: () => (name) => [new Plain(name), Plain],
    with: () => ['home'],
    home: ([plain, Class]) => [plain instanceof Plain, plain.hello(), Class === Plain],
    gives: [true, 'hello home', true],
  },
  'sends modules as a whole by reference': {
    send: () => () => [
      isOfLibrary('increment', library.increment),
      library.renamed(),
      Object.keys(library).length > 5,
    ],
    gives: [true, 'renamed', true],
  },
  'sends data of modules by value': {
    send() {
      settings.unit = 'pound';
      return () => settings.unit;
    },
    gives: 'pound',
  },
  'sends closures that a module made by value, with what they capture of it': {
    send: () => makeReader('an argument'),
    gives: 'a constant of the module and an argument',
  },
  'sends an object with a socket inside by reference where a module exports it': {
    send: () => () => pool.query(),
    gives: 'rows of Socket',
  },
  'sends what packages export by reference': {
    send() {
      const shape = new Shape(3);
      return () => [
        isOfShapes('Shape', Shape),
        isOfShapes('area', area),
        shape.area(),
        area(2),
        corners(),
        Shape.unit(),
      ];
    },
    gives: [true, true, '9 cm', '4 cm', 4, 'cm'],
  },
  'sends packages as a whole by reference': {
    send: () => () => [isOfShapes('Shape', shapes.Shape), shapes.area(1)],
    gives: [true, '1 cm'],
  },
  'sends closures that a package made by value': { send: () => scaler(3), with: () => [2], gives: '6 cm' },
  'sends classes that extend one of a package': {
    send() {
      class Box extends Shape {
        area() {
          return `box of ${super.area()}`;
        }
      }
      const box = new Box(2);
      return () => [
        box.area(),
        box instanceof Shape,
        isOfShapes('Shape', Object.getPrototypeOf(Box)),
        Box.unit(),
      ];
    },
    gives: ['box of 4 cm', true, true, 'cm'],
  },
  'sends classes that extend one of node': {
    send() {
      class Channel extends EventEmitter {
        constructor(name) {
          super();
          this.name = name;
        }
        say(what) {
          return this.emit('said', `${this.name}: ${what}`);
        }
      }
      return () => {
        const [channel, heard] = [new Channel('one'), []];
        channel.on('said', (what) => heard.push(what)).say('hello');
        return [heard, channel instanceof EventEmitter];
      };
    },
    gives: [['one: hello'], true],
  },
  'imports within functions as from the original file': {
    send: () => async (file) => {
      const { basename } = await import('node:path');
      const { area: packageArea } = await import('shapes');
      const relative = await import(`./${file}`);
      return [basename('/a/b'), packageArea(3), isOfLibrary('renamed', relative.renamed)];
    },
    with: () => ['library.mjs'],
    gives: ['b', '9 cm', true],
  },
  'sends modules by value that are registered so': {
    send() {
      const before = increment();
      return () => [isOfLibrary('increment', increment), increment() > before];
    },
    options: { byValue: [/library\.[cm]js$/] },
    gives: [false, true],
    givesHere: [true, true],
  },
  'sends packages by value that are registered so': {
    send: () => () => [isOfShapes('area', area), area(2), new Shape(3).area()],
    options: { byValue: ['shapes'] },
    gives: [false, '4 cm', '9 cm'],
    givesHere: [true, '4 cm', '9 cm'],
  },
  'sends instances with a method Symbol.for("condor-futures.reduce") by what it returns': {
    send() {
      const boiling = new Celsius(100);
      return () => [boiling.degrees, boiling instanceof Celsius];
    },
    gives: [100, true],
  },
  'sends instances of a class with a reducer by the state that it gives': {
    send({ registerReducer }) {
      registerReducer(Kelvin, {
        reduce: (kelvin) => ({ degrees: kelvin.degrees }),
        rebuild: ({ degrees }) => new Kelvin(degrees),
      });
      const kelvin = new Kelvin(6);
      const list = [kelvin];
      return () => [kelvin.degrees, kelvin instanceof Kelvin, list[0] === kelvin];
    },
    gives: [6, true, true],
  },
  'sends a function with what it is told that it captures': {
    send({ closure }) {
      const [a, b] = [1, { n: 2 }];
      return closure({ a, b }, (c) => a + b.n + c);
    },
    with: () => [3],
    gives: 6,
  },
};
