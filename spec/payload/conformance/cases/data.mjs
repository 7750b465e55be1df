export const cases = {
  'sends dates, also invalid ones': {
    send() {
      const [date, invalid] = [new Date(Date.UTC(2024, 1, 29)), new Date(NaN)];
      date.zone = 'UTC';
      return () => [
        date.toISOString(),
        date instanceof Date,
        String(invalid),
        Number.isNaN(invalid.getTime()),
        date.zone,
      ];
    },
    gives: ['2024-02-29T00:00:00.000Z', true, 'Invalid Date', true, 'UTC'],
  },
  'sends regular expressions with flags and lastIndex': {
    send() {
      const [global, sticky, named] = [/a(b)?/g, /x/y, /(?<year>\d{4})\/\//dimsu];
      global.exec('ab a');
      sticky.lastIndex = 1;
      return () => [
        global.lastIndex,
        global.exec('ab a').index,
        sticky.test('ax'),
        named.flags,
        named.exec('2024//').groups.year,
        named.source,
        global instanceof RegExp,
      ];
    },
    gives: [2, 3, true, 'dimsu', '2024', '(?<year>\\d{4})\\/\\/', true],
  },
  'sends maps and sets with keys of any kind, in order': {
    send() {
      const key = { key: true };
      const f = () => 'f';
      const map = new Map([[key, 1], [NaN, 2], [f, 3], [undefined, key]]); // prettier-ignore
      const set = new Set([key, -0, 'a', f, map]);
      map.extra = 'extra';
      return () => [
        map.get(key),
        map.get(NaN),
        map.get(f),
        map.get(undefined) === key,
        [...set][0] === key,
        set.has(map),
        map.extra,
        map.size,
        set.size,
      ];
    },
    gives: [1, 2, 3, true, true, true, 'extra', 4, 5],
  },
  'sends weak maps and weak sets, as far as their keys are sent': {
    send() {
      const [key, other] = [{}, {}];
      const weakMap = new WeakMap([[key, 'value'], [other, 'unseen']]); // prettier-ignore
      const weakSet = new WeakSet([key, weakMap]);
      return () => [
        weakMap.get(key),
        weakMap.has({}),
        weakSet.has(key),
        weakSet.has(weakMap),
        weakSet.has({}),
      ];
    },
    gives: ['value', false, true, true, false],
  },
  'sends typed arrays of every kind': {
    send() {
      const kinds = [
        Int8Array,
        Uint8Array,
        Uint8ClampedArray,
        Int16Array,
        Uint16Array,
        Int32Array,
        Uint32Array,
      ];
      const all = [...kinds, Float32Array, Float64Array].map((Kind) => Kind.of(1, 200, 3));
      const big = [BigInt64Array.of(-1n), BigUint64Array.of(2n ** 64n - 1n)];
      return () => [...all, ...big].map((array) => [array.constructor.name, ...array]);
    },
    gives: [
      ['Int8Array', 1, -56, 3],
      ['Uint8Array', 1, 200, 3],
      ['Uint8ClampedArray', 1, 200, 3],
      ['Int16Array', 1, 200, 3],
      ['Uint16Array', 1, 200, 3],
      ['Int32Array', 1, 200, 3],
      ['Uint32Array', 1, 200, 3],
      ['Float32Array', 1, 200, 3],
      ['Float64Array', 1, 200, 3],
      ['BigInt64Array', -1n],
      ['BigUint64Array', 2n ** 64n - 1n],
    ],
  },
  'sends typed arrays alone': {
    send: () => ({ floats: Float64Array.of(0.5, -0), bytes: new Uint8Array(3) }),
    gives: { floats: Float64Array.of(0.5, -0), bytes: new Uint8Array(3) },
  },
  'lets views share a buffer, at their offsets': {
    send() {
      const buffer = new ArrayBuffer(16);
      const [bytes, words, view] = [
        new Uint8Array(buffer, 4, 4),
        new Uint16Array(buffer, 6),
        new DataView(buffer, 2, 6),
      ];
      bytes[2] = 7;
      return () => {
        words[0] += 256;
        view.setUint8(2, 9);
        return [
          [...bytes],
          [bytes.byteOffset, words.length, view.byteOffset, view.byteLength],
          bytes.buffer === buffer && words.buffer === buffer && view.buffer === buffer,
          buffer.byteLength,
        ];
      };
    },
    gives: [[9, 0, 7, 1], [4, 5, 2, 6], true, 16],
  },
  'sends buffers, without the rest of the pool they lie in': {
    async here({ serialize, deserialize }) {
      const secret = Buffer.from('a secret of someone else');
      const buffer = Buffer.from('shown');
      const bytes = [serialize(buffer), serialize(() => buffer), serialize({ f: () => 1, list: [buffer] })];
      const again = (await deserialize(bytes[1]))();
      return [
        buffer.buffer === secret.buffer,
        bytes.map((payload) => payload.includes('secret')),
        bytes.every((payload) => payload.length < 4000),
        [Buffer.isBuffer(again), again.toString(), again.buffer.byteLength < 100],
      ];
    },
    gives: [true, [false, false, false], true, [true, 'shown', true]],
  },
  'sends buffers, which stay buffers': {
    send() {
      const buffer = Buffer.from('hello');
      return (argument) => [
        Buffer.isBuffer(buffer),
        buffer.toString('hex'),
        Buffer.isBuffer(argument.b),
        String(argument.b),
      ];
    },
    with: () => [{ b: Buffer.from('argument') }],
    gives: [true, '68656c6c6f', true, 'argument'],
  },
  'sends resizable buffers': {
    send() {
      const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
      const bytes = new Uint8Array(buffer);
      bytes[3] = 5;
      return () => {
        buffer.resize(6);
        return [buffer.resizable, buffer.maxByteLength, bytes.length, bytes[3]];
      };
    },
    gives: [true, 8, 6, 5],
  },
  'sends promises that are settled': {
    send() {
      const value = { n: 1 };
      const [kept, broken, nested] = [
        Promise.resolve(value),
        Promise.reject(new RangeError('no')),
        Promise.resolve([value]),
      ];
      broken.catch(() => {});
      return async () => [
        (await kept) === value,
        await broken.catch((error) => [error instanceof RangeError, error.message]),
        (await nested)[0] === value,
        kept instanceof Promise,
      ];
    },
    gives: [true, [true, 'no'], true, true],
  },
  'sends a rejected promise that nobody looks at without a warning or a crash there': {
    send() {
      const broken = Promise.reject(new Error('unseen'));
      broken.catch(() => {});
      return () => {
        void broken;
        return new Promise((resolve) => void setImmediate(() => resolve('alive')));
      };
    },
    gives: 'alive',
  },
};
