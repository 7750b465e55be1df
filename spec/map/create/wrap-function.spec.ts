import { afterAll, describe, expect, it } from '@jest/globals';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import type { CreateMapOptions } from '../../../lib/map/create/create-map.ts';
import { jobOptionsOf, mapOptionsOf } from '../../../lib/map/create/wrap-function.ts';
import { collect } from '../../support/collect.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const executor = new LocalExecutor({ directory: temporaryDirectory() });
afterAll(async () => executor.shutdown());

/** Of each component of a map. */
type OfComponent = (input: unknown, component: number) => unknown;

/** Of options, a submit command that is a function. */
function of({ submit = {} }: CreateMapOptions<never>, name: string): OfComponent {
  return submit[name] as OfComponent;
}

describe('a wrapped function', () => {
  it('runs here when it is called, as ever', async () => {
    const counter = {
      total: 1,
      add: executor.wrap(function add(this: { total: number }, x: number, y: number) {
        this.total += x + y;
        return this.total;
      }),
    };
    expect(counter.add(2, 3)).toBe(6);
    expect([counter.add.name, counter.add.length, counter.total]).toEqual(['add', 2, 6]);
    const late = executor.wrap(async (x: number) => Promise.resolve(x));
    expect(late(1)).toBeInstanceOf(Promise);
    const error = new Error('as it is');
    const failing = executor.wrap(() => {
      throw error;
    });
    expect(() => failing()).toThrow(error);
  });

  it('makes maps of itself in each of the ways, and is submitted', async () => {
    const power = executor.wrap((base: number, exponent: number = 2) => base ** exponent);
    const maps = await Promise.all([
      power.map([3]),
      power.starmap([[2, 3]]),
      power.product([[2], [4, 5]]),
      power.build((call) => void call(2, 6)),
    ]);
    const values = await Promise.all(maps.map(async (map) => collect(map)));
    expect(values).toEqual([[9], [8], [16, 32], [64]]);
    const builder = power.builder();
    builder.call(2, 7);
    const built = await builder.submit();
    await expect(built.get(0)).resolves.toBe(128);
    await expect(power.submit(2, 8)).resolves.toBe(256);
    await Promise.all([...maps, built].map(async (map) => map.remove()));
  });

  it('is the plain function in a job, which its executor does not come along to', async () => {
    const double = executor.wrap(function double(x: number) {
      return 2 * x;
    });
    const call = (x: number): unknown[] => [double(x), double.name, Object.getOwnPropertyNames(double)];
    await expect(executor.submit(call, 4)).resolves.toEqual([8, 'double', ['length', 'name', 'prototype']]);
    await expect(executor.submit(double, 5)).resolves.toBe(10);
  });

  it('gives its policies to the maps, which may have others', async () => {
    const failing = executor.wrap(
      (): void => {
        throw new Error('again');
      },
      { retries: 1 },
    );
    const [more, none] = await Promise.all([failing.starmap([[]]), failing.starmap([[]], { retries: 0 })]);
    await Promise.all([more.error(0), none.error(0)]);
    await expect(more.usage()).resolves.toMatchObject([{ attempts: 2 }]);
    await expect(none.usage()).resolves.toMatchObject([{ attempts: 1 }]);
    await Promise.all([more.remove(), none.remove()]);
  });

  it.each([
    [{ submit: { request_memory: ['1GB'] } }, /A list fits one map only/],
    [{ submit: { request_memory: null } }, /`submit.request_memory` of wrap\(\)/],
    [{ tag: 'mine' }, /wrap\(\) has no option `tag`/],
    [{ retries: -1 }, /`retries`/],
  ])('refuses %j', (options, message) => {
    expect(() => executor.wrap((x: number) => x, options as never)).toThrow(message);
  });
});

describe('options of a wrapped function', () => {
  const wrap = Object.freeze({
    retries: 2,
    submit: Object.freeze({
      request_memory: '1GB',
      Requirements: 'HasA',
      request_disk: ([x]: readonly unknown[]) => `${String(x)}MB`,
    }),
  });

  it('are under those of a map, submit command by submit command, and nothing of theirs is changed', () => {
    const call = Object.freeze({
      tag: 'one',
      retries: undefined,
      submit: Object.freeze({ request_memory: Object.freeze(['2GB', '3GB']), request_cpus: 2 }),
    });
    const merged = mapOptionsOf(wrap as never, call, false);
    expect(merged).toMatchObject({
      tag: 'one',
      retries: 2,
      submit: { request_memory: ['2GB', '3GB'], request_cpus: 2, Requirements: 'HasA' },
    });
    expect(of(merged, 'request_disk')(7, 0)).toBe('7MB');
    const spread = mapOptionsOf(wrap as never, {}, true);
    expect(of(spread, 'request_disk')([8, 9], 0)).toBe('8MB');
  });

  it.each<[string, unknown, unknown[]]>([
    ['a value', 'HasB', ['(HasA) && (HasB)', '(HasA) && (HasB)']],
    ['a list', ['HasB', 'HasC'], ['(HasA) && (HasB)', '(HasA) && (HasC)']],
    ['a function', (x: number) => (x === 0 ? undefined : 'HasB'), ['HasA', '(HasA) && (HasB)']],
  ])('must all be met where they are requirements: %s', (_, requirements, expected) => {
    const { submit } = mapOptionsOf(wrap as never, { submit: { requirements } } as never, false);
    const found = submit?.['requirements'] as unknown;
    const ofComponent = (x: number): unknown => {
      if (typeof found === 'function') return (found as OfComponent)(x, x);
      return Array.isArray(found) ? (found[x] as unknown) : found;
    };
    expect([ofComponent(0), ofComponent(1)]).toEqual(expected);
    expect(submit).not.toHaveProperty('Requirements');
  });

  it('are those of a single job, with the functions asked for its arguments', () => {
    expect(jobOptionsOf(wrap as never, [5])).toEqual({
      retries: 2,
      submit: { request_memory: '1GB', Requirements: 'HasA', request_disk: '5MB' },
    });
  });
});
