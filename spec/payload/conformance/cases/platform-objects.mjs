import { EventEmitter } from 'node:events';

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
  'sends abort signals, or says that it cannot': {
    send() {
      const signal = AbortSignal.abort('a reason');
      return () => [signal.aborted, signal.reason, signal instanceof AbortSignal];
    },
    gives: [true, 'a reason', true],
    orRefuses: true,
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
