import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Future } from '../../lib/futures/future.ts';
import { groupExecutor, type Subject } from './subject.ts';

const cycle: Record<string, unknown> = { name: 'cycle' };
cycle['self'] = cycle;
cycle['list'] = [cycle];
const shared = { shared: true };
// oxlint-disable-next-line no-sparse-arrays -- that is the point
const sparse = [1, , 3];

const examples: [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['false', false],
  ['0', 0],
  ['-0', -0],
  ['NaN', Number.NaN],
  ['-Infinity', -Infinity],
  ['the largest double', Number.MAX_VALUE],
  ['an empty string', ''],
  ['text beyond ASCII', 'Zürich, 東京, 🚀, \0, \ud800'],
  ['a bigint', -(2n ** 70n)],
  ['a Date', new Date(1e12)],
  ['a RegExp', /a+b/giu],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', new Map([[1, NaN]])],
      [{ key: 1 }, undefined],
    ]),
  ],
  ['a Set', new Set([1, 'one', new Set([2])])],
  ['a Uint8Array', new Uint8Array([1, 2, 255])],
  ['a Float64Array', new Float64Array([1.5, -0, NaN])],
  ['a BigInt64Array', new BigInt64Array([-1n, 2n ** 62n])],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer)],
  ['a sparse array', sparse],
  ['nested objects', { a: [{ b: { c: [undefined, null] } }], 'not an identifier': 1 }],
  ['an object with a key __proto__', JSON.parse('{"__proto__": {"x": 1}}')],
  ['an error', new RangeError('as a value')],
  ['a boxed string', Object('boxed')],
  ['64 KiB of text', 'x'.repeat(65_536)],
];

/** Values that travel there and back. */
export function values(subject: Subject): void {
  describe('values', () => {
    const executor = groupExecutor(subject);
    const futures = new Map<string, Future<unknown>>();
    let cyclic: Future<Record<string, unknown>>;
    let twice: Future<unknown[]>;
    let large: Future<Uint8Array>;

    beforeAll(() => {
      for (const [what, value] of examples)
        futures.set(
          what,
          executor().submit((x: unknown) => x, value),
        );
      cyclic = executor().submit((x: Record<string, unknown>) => x, cycle);
      twice = executor().submit((x: unknown, y: unknown) => [x, y, x === y], shared, shared);
      large = executor().submit((x: Uint8Array) => x.map((byte) => byte + 1), new Uint8Array(8_000_000));
    });

    it.each(examples)('brings %s there and back', async (what, value) => {
      const back = await futures.get(what);
      expect(back).toEqual(value);
      expect(Object.prototype.toString.call(back)).toBe(Object.prototype.toString.call(value));
    });

    it('keeps the holes of a sparse array', async () => {
      expect(Object.keys((await futures.get('a sparse array')) as unknown[])).toEqual(['0', '2']);
    });

    it('keeps cycles', async () => {
      const back = await cyclic;
      expect(back['self']).toBe(back);
      expect((back['list'] as unknown[])[0]).toBe(back);
    });

    it('keeps what two arguments share', async () => {
      expect(await twice).toEqual([shared, shared, true]);
    });

    it('brings megabytes there and back', async () => {
      const back = await large;
      expect(back).toHaveLength(8_000_000);
      expect(back.every((byte) => byte === 1)).toBe(true);
    });

    it('treats an undefined result as a result', async () => {
      const future = futures.get('undefined');
      expect(await future?.exception()).toBeUndefined();
      expect(future?.state).toBe('finished');
    });
  });
}
