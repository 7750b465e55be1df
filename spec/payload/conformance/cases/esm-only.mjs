import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { read } from './awaiting.mjs';
import data from './data.json' with { type: 'json' };
import anonymous from './default-anonymous.mjs';
import arrow from './default-arrow.mjs';
import DefaultClass from './default-class.mjs';
import named from './default-named.mjs';
import square, { cube } from './function.cjs';
import commonLibrary, { Plain as CommonPlain } from './library.cjs';
import byDefault, { renamed as twice } from './library.mjs';
import wholePool from './pool-alone.cjs';
import * as reexports from './reexports.mjs';
import { again, default as arrowAgain } from './reexports.mjs';
import { Ratio } from 'shapes';

const here = import.meta.url;

export const cases = {
  'sends functions that ask for what CommonJS declares, which is not there': {
    send: () => () => [typeof module, typeof exports, typeof __filename],
    gives: Array.from({ length: 3 }, () => 'undefined'),
  },
  'sends default exports: named, anonymous, arrows and classes': {
    send: () => () => [
      named(),
      anonymous(),
      arrow(),
      new DefaultClass().hello(),
      byDefault(),
      arrow === arrowAgain,
    ],
    gives: ['named', 'anonymous', 'arrow', 'of a default class', 'by default', true],
  },
  'knows prototypes of packages that name no constructor': {
    send() {
      const half = new Ratio(1, 2);
      return (third) => [half, third, new Ratio(1, 4)].map((ratio) => [ratio, ratio instanceof Ratio]);
    },
    with: () => [new Ratio(1, 3)],
    home: (ratios) =>
      ratios.map(([ratio, wasThere]) => [ratio instanceof Ratio, wasThere, ratio.value().toFixed(2)]),
    gives: [
      [true, true, '0.50'],
      [true, true, '0.33'],
      [true, true, '0.25'],
    ],
  },
  'sends default exports alone': { send: () => arrow, gives: 'arrow' },
  'sends anonymous default exports alone': { send: () => anonymous, gives: 'anonymous' },
  'sends default classes by reference': {
    send: () => [new DefaultClass()],
    home: ([instance]) => [instance instanceof DefaultClass, instance.hello()],
    gives: [true, 'of a default class'],
  },
  'sends exports that were renamed, or exported again by another module': {
    send: () => () => [
      twice(),
      typeof again(),
      reexports.library.renamed(),
      reexports.read(),
      reexports.default(),
    ],
    gives: ['renamed', 'number', 'renamed', 'awaited', 'arrow'],
  },
  'sends functions of modules that await at their top': { send: () => read, gives: 'awaited' },
  'sends functions of CommonJS modules': {
    send: () => () => [square(3), cube(2), square.cube === cube, commonLibrary.Plain === CommonPlain],
    gives: [9, 8, true, true],
  },
  'sends a function that is all that a CommonJS module exports': {
    send: () => square,
    with: () => [4],
    gives: 16,
  },
  'sends an object with a socket inside that is all that a module exports': {
    send: () => () => wholePool.query(),
    gives: 'rows of Socket',
  },
  'sends data of JSON modules': { send: () => () => data.from, gives: 'json' },
  'knows import.meta of the original file': {
    send: () => () => [
      import.meta.url === here,
      pathToFileURL(import.meta.filename).href === here,
      import.meta.dirname === dirname(import.meta.filename),
      import.meta.resolve('./library.mjs') === new URL('./library.mjs', here).href,
    ],
    gives: [true, true, true, true],
  },
  'runs functions in strict mode': {
    send: () =>
      function () {
        try {
          Object.freeze([]).length = 1;
        } catch (error) {
          return [this, error.name];
        }
      },
    gives: [undefined, 'TypeError'],
  },
  'knows a namespace for one': {
    send: () => () => [
      Object.prototype.toString.call(reexports),
      Object.isSealed(reexports),
      Object.keys(reexports).join(),
      typeof reexports.library.increment,
    ],
    gives: ['[object Module]', true, 'again,default,library,read', 'function'],
  },
};
