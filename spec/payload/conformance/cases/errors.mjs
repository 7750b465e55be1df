import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/** The classes of the language that an error is of, which in a test runner may be those of another realm. */
function classesOf(error) {
  const names = new Set();
  for (let at = error; at !== null; at = Object.getPrototypeOf(at)) names.add(at.constructor.name);
  return ['Error', 'TypeError', 'RangeError', 'DOMException'].filter((name) => names.has(name));
}

export const cases = {
  'sends errors that Node itself makes, as parts of values, with class, name, code, cause and stack': {
    isAsync: true,
    async send() {
      const signal = AbortSignal.abort();
      const errors = await Promise.allSettled([
        (async () => Buffer.alloc('x'))(),
        (async () => Buffer.alloc(3).readInt8(9))(),
        sleep(1, 0, { signal }),
        once(new EventEmitter(), 'x', { signal }),
        (async () => parseArgs({ args: ['--x'], options: {} }))(),
        new Promise((_, reject) => connect(1, '127.0.0.1').on('error', reject)),
        (async () => setPriority(99_999_999, 1))(),
        Promise.reject(signal.reason),
      ]);
      const show = (error) => [
        classesOf(error),
        Object.prototype.toString.call(error),
        error.name,
        error.message,
        error.code,
        String(error).split(':')[0],
        error.syscall,
        error.cause?.name,
        typeof error.stack,
        error.constructor.name,
        Object.keys(error),
      ];
      const here = errors.map(({ reason }) => show(reason));
      return () => {
        const there = errors.map(({ reason }) => show(reason));
        return there.map((shown, index) => [
          JSON.stringify(shown) === JSON.stringify(here[index]) || [shown, here[index]],
          shown[4],
        ]);
      };
    },
    gives: [
      [true, 'ERR_INVALID_ARG_TYPE'],
      [true, 'ERR_OUT_OF_RANGE'],
      [true, 'ABORT_ERR'],
      [true, 'ABORT_ERR'],
      [true, 'ERR_PARSE_ARGS_UNKNOWN_OPTION'],
      [true, 'ECONNREFUSED'],
      [true, 'ERR_SYSTEM_ERROR'],
      [true, 20],
    ],
  },
  'sends DOMExceptions, also of classes that extend them': {
    send() {
      class Stopped extends DOMException {
        constructor(at) {
          super('stopped', 'AbortError');
          this.at = at;
        }
      }
      const plain = Object.assign(new DOMException('late', 'TimeoutError'), {
        cause: new RangeError('cause'),
      });
      const stopped = new Stopped(3);
      const { stack } = plain;
      return () => [
        [plain instanceof DOMException, plain.name, plain.message, plain.code, plain.stack === stack],
        [Object.hasOwn(plain, 'code'), Object.keys(plain), plain.cause instanceof RangeError, String(plain)],
        [stopped instanceof Stopped, stopped instanceof DOMException, stopped.name, stopped.code, stopped.at],
      ];
    },
    gives: [
      [true, 'TimeoutError', 'late', 23, true],
      [false, ['cause'], true, 'TimeoutError: late'],
      [true, true, 'AbortError', 20, 3],
    ],
  },
  'sends objects on which captureStackTrace was called': {
    send() {
      const traced = { a: 1 };
      Error.captureStackTrace(traced);
      return () => [typeof traced.stack, Object.keys(traced)];
    },
    gives: ['string', ['a']],
  },
  'sends errors of the language with their stack, cause and own properties': {
    send() {
      const cause = new TypeError('the cause');
      const error = Object.assign(new RangeError('message', { cause }), { code: 'E_CODE', errno: -2 });
      const many = new AggregateError([error, cause], 'many');
      const nameless = new Error();
      const stack = error.stack;
      return () => [
        [error instanceof RangeError, error.name, error.message, error.code, error.errno],
        [
          error.cause === cause,
          cause instanceof TypeError,
          many.errors[0] === error,
          many.errors.length,
          many.message,
        ],
        [error.stack === stack, Object.keys(error), nameless.message, Object.hasOwn(nameless, 'message')],
        [Object.prototype.toString.call(error), Object.getOwnPropertyDescriptor(error, 'message').enumerable],
      ];
    },
    gives: [
      [true, 'RangeError', 'message', 'E_CODE', -2],
      [true, true, true, 2, 'many'],
      [true, ['code', 'errno'], '', false],
      ['[object Error]', false],
    ],
  },
  'sends values that have a method then as they are': {
    async here({ serialize, deserialize }) {
      class Later {
        a = 1;
        then(resolve) {
          resolve('unwrapped');
        }
      }
      const given = [new Later(), { a: 1, then: () => 1 }, Object.assign(() => 5, { a: 1, then: () => 1 })];
      const rejected = Promise.reject(given[0]);
      rejected.catch(() => {});
      const seen = [];
      for (const value of given) {
        const copy = await deserialize(serialize(value));
        seen.push([copy.a, typeof copy.then, Object.keys(copy).join()]);
      }
      const promise = (await deserialize(serialize({ rejected }))).rejected;
      await promise.catch((error) => seen.push([error.a, typeof error.then, '']));
      return seen;
    },
    gives: [
      [1, 'function', 'a'],
      [1, 'function', 'a,then'],
      [1, 'function', 'a,then'],
      [1, 'function', ''],
    ],
  },
};
