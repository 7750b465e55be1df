import { EventEmitter } from 'node:events';

/** What an error says that refuses a value. */
function textOfRefusal(value, serialize) {
  try {
    serialize({ value });
    return 'sent';
  } catch ({ message }) {
    return message;
  }
}

function remedyFor(value, serialize) {
  return textOfRefusal(value, serialize).split('\n').at(-1).trim();
}

/** A case for values that not every version of Node has: captured, as argument and as result, by their class and text. */
function whereKnown(path, make, show = String) {
  const isKnown = path.split('.').reduce((object, name) => object?.[name], globalThis) !== undefined;
  const describe = (values) => values.map((value) => `${value.constructor?.name} ${show(value)}`);
  return {
    send() {
      const captured = isKnown ? make() : [];
      const wanted = describe(captured);
      return (given) => ({
        isRight: [captured, given].every((values) => describe(values).join() === wanted.join()),
        wanted,
        values: given,
        map: new Map(given.map((value) => [value, value])),
      });
    },
    with: () => [isKnown ? make() : []],
    home: ({ isRight, wanted, values, map }) => [
      isRight,
      [values, [...map.keys()], [...map.values()]].every((each) => describe(each).join() === wanted.join()),
    ],
    gives: [true, true],
  };
}

export const cases = {
  'sends URLs': {
    send() {
      const url = new URL('http://user@host:8080/path?a=1#hash');
      return () => {
        const before = url.href;
        url.searchParams.append('b', '2');
        return [before, url.href, url instanceof URL, url.hostname];
      };
    },
    gives: ['http://user@host:8080/path?a=1#hash', 'http://user@host:8080/path?a=1&b=2#hash', true, 'host'],
  },
  'sends URLSearchParams, or says that it cannot': {
    send() {
      const parameters = new URLSearchParams('a=1&a=2&b=3');
      return () => [parameters.getAll('a'), String(parameters), parameters instanceof URLSearchParams];
    },
    gives: [['1', '2'], 'a=1&a=2&b=3', true],
    orRefuses: true,
  },
  'sends Headers, or says that it cannot': {
    send() {
      const headers = new Headers({ Accept: 'text/plain' });
      return () => [headers.get('accept'), [...headers]];
    },
    gives: ['text/plain', [['accept', 'text/plain']]],
    orRefuses: true,
  },
  'sends blobs, or says that it cannot': {
    send() {
      const blob = new Blob(['text'], { type: 'text/plain' });
      return async () => [await blob.text(), blob.type, blob.size];
    },
    gives: ['text', 'text/plain', 4],
    orRefuses: true,
  },
  'sends TextEncoder and TextDecoder, or says that it cannot': {
    send() {
      const [encoder, decoder] = [new TextEncoder(), new TextDecoder('utf-16le')];
      return () => [[...encoder.encode('ä')], decoder.decode(Uint8Array.of(228, 0)), decoder.encoding];
    },
    gives: [[195, 164], 'ä', 'utf-16le'],
    orRefuses: true,
  },
  'sends number and date formats, or says that it cannot': {
    send() {
      const number = new Intl.NumberFormat('de-DE', { minimumFractionDigits: 2 });
      const date = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'short' });
      return () => [number.format(1234.5), date.format(new Date(0))];
    },
    gives: ['1.234,50', '01/01/1970'],
    orRefuses: true,
  },
  'sends collators, plural rules and segmenters, or says that it cannot': {
    send() {
      const [collator, plural] = [new Intl.Collator('de'), new Intl.PluralRules('en')];
      return () => [['z', 'ä', 'a'].toSorted(collator.compare), plural.select(1)];
    },
    gives: [['a', 'ä', 'z'], 'one'],
    orRefuses: true,
  },
  'says how to have an abort signal there': {
    here({ serialize }) {
      const signals = [AbortSignal.abort('a reason'), AbortSignal.timeout(1e6), new AbortController()];
      return signals.map((signal) => remedyFor(signal, serialize));
    },
    gives: [
      'Send its reason, and make it inside the function: AbortSignal.abort(reason).',
      ...Array(2).fill(
        'Make it inside the function: AbortSignal.timeout(ms), or `new AbortController()`. To cancel calls from here, use future.cancel(), or executor.with({ signal }).',
      ),
    ],
  },
  'sends what such a remedy says': {
    send() {
      const { reason } = AbortSignal.abort('a reason');
      return () => [AbortSignal.abort(reason).reason, AbortSignal.timeout(1e6).aborted];
    },
    gives: ['a reason', false],
  },
  'calls nothing a live resource that is none, and says what to do': {
    here({ serialize }) {
      const form = new FormData();
      const things = [
        ...[new Blob(['a']), new Request('http://a/'), new Response('a'), form, new Event('a')],
        ...[new EventTarget(), new WeakRef({}), new FinalizationRegistry(() => {}), new SharedArrayBuffer(1)],
        new WebAssembly.Memory({ initial: 1 }),
      ];
      return things.map((thing) => [
        /live|open/i.test(textOfRefusal(thing, serialize)),
        remedyFor(thing, serialize) > '',
      ]);
    },
    gives: Array.from({ length: 10 }, () => [false, true]),
  },
  'sends dates and times of Temporal, with their calendars and units': {
    ...whereKnown('Temporal', () => [
      ...['PlainDate', 'PlainDateTime', 'PlainYearMonth', 'PlainMonthDay'].flatMap((name) => [
        Temporal[name].from('2024-02-29T01:02:03.000000004'),
        Temporal[name].from('2024-02-29[u-ca=gregory]'),
      ]),
      ...[Temporal.PlainTime.from('12:34:56.789'), Temporal.Instant.from('2024-02-29T01:02:03.123456789Z')],
      ...[Temporal.ZonedDateTime.from('2024-02-29T01:02[Europe/Berlin][u-ca=japanese]')],
      ...[Temporal.Duration.from({ minutes: 90, milliseconds: 1500 })],
    ]),
  },
  'sends numbers of JSON.rawJSON': {
    ...whereKnown(
      'JSON.rawJSON',
      () => [JSON.rawJSON('12345678901234567890'), JSON.rawJSON('"text"')],
      JSON.stringify,
    ),
  },
  'sends formatters of durations': {
    ...whereKnown(
      'Intl.DurationFormat',
      () => [new Intl.DurationFormat('en', { style: 'digital' })],
      (format) => format.format({ hours: 1, minutes: 2 }),
    ),
  },
  'sends locales, and formats of times of day': {
    send() {
      const locale = new Intl.Locale('de-DE-u-ca-buddhist');
      const options = { hour: 'numeric', hourCycle: 'h23', timeZone: 'UTC' };
      const format = new Intl.DateTimeFormat('en', options);
      return () => [String(locale), locale.calendar, format.format(new Date(0))];
    },
    gives: ['de-DE-u-ca-buddhist', 'buddhist', '00'],
  },
  'sends arrays of Float16Array': {
    ...whereKnown(
      'Float16Array',
      () => [Float16Array.of(1.5, 2.25)],
      (array) => [array.constructor.name, ...array].join(),
    ),
  },
  'sends views that follow the length of a resizable buffer, and those that do not': {
    send() {
      const buffer = new ArrayBuffer(6, { maxByteLength: 16 });
      const views = [new Uint8Array(buffer), new Uint8Array(buffer, 0, 6), new Uint16Array(buffer, 2)];
      views.push(
        new Uint16Array(buffer, 2, 2),
        new DataView(buffer),
        new DataView(buffer, 2, 4),
        new Uint8Array(buffer, 6),
      );
      return () => {
        buffer.resize(10);
        return views.map(({ byteLength }) => byteLength);
      };
    },
    gives: [10, 6, 8, 4, 10, 4, 4],
  },
  'says that a buffer was transferred, and which': {
    refuses() {
      const view = new Uint8Array(4);
      structuredClone(view, { transfer: [view.buffer] });
      return { deep: [view] };
    },
    saying: ['.deep[0]', 'detached', 'transferred'],
  },
  'says that a buffer has become too small for its view': {
    refuses() {
      const buffer = new ArrayBuffer(8, { maxByteLength: 8 });
      const view = new DataView(buffer, 4, 4);
      buffer.resize(2);
      return { deep: [view] };
    },
    saying: ['.deep[0]', 'not there any more'],
  },
  'sends the `searchParams` of a URL with it': {
    send() {
      const url = new URL('http://host/?a=1');
      const { searchParams } = url;
      return () => {
        searchParams.append('b', '2');
        return [url.href, url.searchParams === searchParams];
      };
    },
    gives: ['http://host/?a=1&b=2', true],
  },
  'sends objects of classes that extend those of the platform': {
    send() {
      class Address extends URL {
        note = 'mine';
        get loud() {
          return this.host.toUpperCase();
        }
      }
      const address = new Address('http://host/');
      return () => [address.loud, address.note, address instanceof Address, address instanceof URL];
    },
    gives: ['HOST', 'mine', true, true],
  },
  'sends symbols of the program on objects of the platform': {
    send() {
      const mark = Symbol('mark');
      const headers = Object.assign(new Headers({ a: '1' }), { [mark]: 1, plain: 2 });
      return () => [headers[mark], headers.plain, headers.get('a')];
    },
    gives: [1, 2, '1'],
  },
  'says that private members beside those of the platform cannot be sent': {
    refuses() {
      class Secret extends URL {
        #key = 1;
        get key() {
          return this.#key;
        }
      }
      return new Secret('http://host/');
    },
    saying: ['Secret', 'private members', 'condor-futures.reduce'],
  },
  'sends iterators that a class of the program makes': {
    send() {
      const Base =
        globalThis.Iterator ?? Object.getPrototypeOf(Object.getPrototypeOf([].values())).constructor;
      class Count extends Base {
        n = 0;
        next() {
          this.n += 1;
          return { value: this.n, done: this.n > 3 };
        }
        [Symbol.iterator]() {
          return this;
        }
      }
      const count = new Count();
      count.next();
      return () => [...count];
    },
    gives: [2, 3],
  },
  'says that iterators that have begun cannot be sent': {
    here({ serialize }) {
      const begun = [[1].values(), new Map().entries(), 'ab'[Symbol.iterator]()];
      if (globalThis.Iterator !== undefined)
        begun.push([1].values().map(String), Iterator.from({ next() {} }));
      return begun.filter(
        (iterator) => !textOfRefusal(iterator, serialize).includes('an iterator in progress'),
      ).length;
    },
    gives: 0,
  },
  'sends what Error.captureStackTrace was given': {
    send() {
      class Trace {
        constructor() {
          Error.captureStackTrace(this);
        }
      }
      const trace = new Trace();
      const frozen = Object.freeze(new Trace());
      return () =>
        [trace, frozen].map((each) => [
          typeof each.stack,
          each.stack.length > 0,
          Object.keys(each),
          Object.isFrozen(each),
        ]);
    },
    gives: [
      ['string', true, [], false],
      ['string', true, [], true],
    ],
  },
  'says of functions that settle a promise that they are such': {
    refuses() {
      let settle;
      void new Promise((resolve) => (settle = resolve));
      return { settle };
    },
    saying: ['.settle', 'settle a Promise', 'inside the function'],
  },
  'sends event targets, or says that it cannot': {
    send() {
      const target = new EventTarget();
      let seen = 0;
      target.addEventListener('seen', () => (seen += 1));
      return () => {
        target.dispatchEvent(new Event('seen'));
        return seen;
      };
    },
    gives: 1,
    orRefuses: true,
  },
  'sends event emitters with their listeners': {
    send() {
      const emitter = new EventEmitter();
      const seen = [];
      emitter.on('seen', (what) => seen.push(what));
      return () => {
        emitter.emit('seen', 'this');
        emitter.once('seen', () => seen.push('once')).emit('seen', 'that');
        return [seen, emitter instanceof EventEmitter, emitter.listenerCount('seen')];
      };
    },
    gives: [['this', 'that', 'once'], true, 1],
  },
};
