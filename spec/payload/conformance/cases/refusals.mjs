import { spawn } from 'node:child_process';
import { generateKeyPairSync, createSecretKey, webcrypto } from 'node:crypto';
import { createReadStream, watch } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { MessageChannel, Worker } from 'node:worker_threads';
import { createGzip } from 'node:zlib';
import { Account } from './library.mjs';

const WASM = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** [what the message must have, the thing]; what it holds is released when the case is over. */
async function liveThings() {
  const child = spawn(process.execPath, ['--eval', '']);
  const worker = new Worker('', { eval: true });
  const timeout = setTimeout(() => {}, 1e6);
  const watcher = watch('.');
  const channel = new MessageChannel();
  const stream = createReadStream('library.mjs');
  const release = async () => {
    clearTimeout(timeout);
    watcher.close();
    channel.port1.close();
    stream.destroy();
    await Promise.all([worker.terminate(), new Promise((resolve) => void child.on('close', resolve))]);
  };
  const things = [
    ['Socket', new Socket()],
    ['Server', createServer()],
    ['ReadStream', stream],
    ['Readable', Readable.from(['a'])],
    ['Gzip', createGzip()],
    ['Timeout', timeout],
    ['MessagePort', channel.port1],
    ['ChildProcess', child],
    ['Worker', worker],
    ['FSWatcher', watcher],
  ];
  return { things, release };
}

/** What cannot be copied, though nothing outside of the process hangs on it. */
async function boundThings() {
  const generator = (function* () {
    yield 1;
  })();
  const revocable = Proxy.revocable({}, {});
  revocable.revoke();
  const { privateKey } = generateKeyPairSync('ed25519');
  return [
    ['Promise', new Promise(() => {})],
    ['generator', generator],
    ['generator', (async function* () {})()],
    ['terator', [1, 2].values()],
    ['WeakRef', new WeakRef({})],
    ['FinalizationRegistry', new FinalizationRegistry(() => {})],
    ['SharedArrayBuffer', new SharedArrayBuffer(8)],
    ['SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(8))],
    ['roxy', revocable.proxy],
    ['KeyObject', privateKey],
    ['KeyObject', createSecretKey(Buffer.from('key'))],
    ['CryptoKey', await webcrypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt'])],
    ['Module', new WebAssembly.Module(WASM)],
    ['Memory', new WebAssembly.Memory({ initial: 1 })],
    ['Response', new Response('body')],
    ['native function', revocable.revoke],
  ];
}

/** Of each thing that is not refused with the words it should be: these words, and what happened instead. */
function wronglyTaken(things, wrap, { serialize }) {
  const wrong = [];
  for (const [words, thing] of things) {
    try {
      wrong.push([words, `sent ${serialize(wrap(thing)).length} bytes`]);
    } catch (error) {
      const { name, message } = error;
      const good =
        name === 'SerializationError' && message.startsWith('cannot send') && message.includes(words);
      if (!good) wrong.push([words, `${name}: ${message}`]);
    }
  }
  return wrong;
}

const alone = (thing) => thing;

const captured = (thing) => () => thing;

const nested = (thing) => {
  const deep = [{ a: new Map([['key', [thing]]]) }];
  const helper = () => deep;
  return () => helper();
};

export const cases = {
  'says of things that live in this process that it cannot send them': {
    async here(payload) {
      const { things, release } = await liveThings();
      const wrong = [alone, captured, nested].map((wrap) => wronglyTaken(things, wrap, payload));
      await release();
      return wrong;
    },
    gives: [[], [], []],
  },
  'says of things that cannot be copied that it cannot send them': {
    async here(payload) {
      const things = await boundThings();
      return [alone, captured, nested].map((wrap) => wronglyTaken(things, wrap, payload));
    },
    gives: [[], [], []],
  },
  'names the way to the thing that cannot be sent': {
    refuses: () => nested(new Socket()),
    saying: ['cannot send', 'helper', 'deep', '[0].a', 'key', '[0]', 'Socket', 'inside the function'],
  },
  'keeps the way in the error, too': {
    async here({ serialize }) {
      try {
        serialize(nested(new Socket()));
      } catch (error) {
        const { name, path, message, stack } = error;
        return [
          name,
          typeof path,
          path.length > 0,
          message.includes('\n'),
          stack.includes(message),
          error instanceof Error,
        ];
      }
    },
    gives: ['SerializationError', 'string', true, true, true, true],
  },
  'says that objects of a native addon cannot be sent': {
    refuses() {
      const { ResolverFactory } = createRequire(`${process.cwd()}/program.cjs`)('unrs-resolver');
      const resolver = new ResolverFactory();
      return () => resolver;
    },
    saying: ['cannot send', 'resolver', 'native', 'ResolverFactory'],
  },
  'sends functions of a native addon by reference': {
    send() {
      const { sync } = createRequire(`${process.cwd()}/program.cjs`)('unrs-resolver');
      return () => typeof sync('.', './library.mjs');
    },
    gives: 'object',
  },
  'says that private fields of a class that jobs are to load cannot be read': {
    refuses() {
      const account = new Account().deposit(1);
      return () => account.balance;
    },
    options: { byReference: [/library\.[cm]js$/] },
    saying: ['cannot send', 'account', 'Account', '#balance', 'byReference'],
  },
  'sends private fields of a class of a module that is registered to be sent by value': {
    send() {
      const account = new Account().deposit(1);
      return () => [account.balance, account.deposit(2).balance, account instanceof Account];
    },
    options: { byValue: [/library\.[cm]js$/] },
    gives: [1, 3, true],
  },
  'says which reducer of the program failed, and where': {
    refuses({ registerReducer }) {
      class Fussy {
        name = 'fussy';
      }
      registerReducer(Fussy, {
        reduce() {
          throw new RangeError('the reducer is at a loss');
        },
        rebuild: () => new Fussy(),
      });
      const list = [new Fussy()];
      return () => list;
    },
    saying: ['cannot send', 'list', '[0]', 'Fussy', 'the reducer is at a loss'],
  },
  'says that a method with `super` cannot be sent without its object': {
    refuses() {
      class Parent {
        hello() {
          return 'parent';
        }
      }
      const { hello } = {
        __proto__: new Parent(),
        hello() {
          return super.hello();
        },
      };
      return hello;
    },
    saying: ['cannot send', 'hello', 'super'],
  },
  'sends what has been sent wrong before, once it can be sent': {
    async here({ serialize, deserialize }) {
      const object = { part: new Socket() };
      const f = () => object.part;
      const failed = [];
      for (const part of [object.part, 'fine']) {
        object.part = part;
        try {
          failed.push(await deserialize(serialize(f)).then((again) => again()));
        } catch (error) {
          failed.push(error.name);
        }
      }
      return failed;
    },
    gives: ['SerializationError', 'fine'],
  },
};
