import { describe, expect, it } from '@jest/globals';
import type { Future } from '../../lib/futures/future.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import type { MapResults } from '../../lib/futures/map-results.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { collect } from '../support/collect.ts';

const directory = temporaryDirectory();

class Walker {
  readonly #by: number = 2;
  walk(steps: number): number {
    return steps * this.#by;
  }
}

describe('The types of a call that is given futures', () => {
  it('are those of its function, written down or not', async () => {
    await using executor = new LocalExecutor({ directory, workers: { max: 1 }, maxWorkers: 1 });
    const one: Future<number> = executor.submit(() => 1);
    const text: Future<string> = executor.submit(() => 'text');
    const walker: Future<Walker> = executor.submit(() => new Walker());
    const futures: Future<number>[] = [
      executor.submit((x) => x * 2, one),
      executor.submit((x, y) => x + y.length, one, text),
      executor.submit((x, y) => x + y.length, one, 'ab'),
      executor.submit(Math.sqrt, one),
      executor.submit((list: readonly number[]) => list.length, [one, 2, one]),
      executor.submit((pair: [number, { deep: string }]) => pair[0], [one, { deep: text }]),
      executor.submit(
        (map: Map<string, number>, set: Set<number>) => map.size + set.size,
        new Map([['a', one]]),
        new Set([one, 5]),
      ),
      executor.submit(
        (x: number, y?: string, ...rest: number[]) => x + (y ?? '').length + rest.length,
        one,
        text,
        one,
        3,
      ),
      executor.submit((given: Walker) => given.walk(4), walker),
      executor.submit((x: number | undefined) => x ?? 9, undefined),
      executor.submit((...args: unknown[]) => args.length, one, 'x', { text }),
      executor.submit(
        (x: boolean, kind: 'a' | 'b') => (x ? kind.length : 0),
        executor.submit(() => true),
        'a',
      ),
    ];
    const mapped: MapResults<number> = executor.map((x: number) => x + 1, [one, 2]);
    const starred: MapResults<number> = executor.starmap(
      (x: number, y: string) => x + y.length,
      [
        [1, text],
        [one, 'ab'],
      ],
    );
    expect(await Promise.all(futures)).toEqual([2, 5, 3, 1, 3, 1, 3, 7, 8, 9, 3, 1]);
    expect([await collect(mapped), await collect(starred)]).toEqual([
      [2, 3],
      [5, 3],
    ]);
  });
});
