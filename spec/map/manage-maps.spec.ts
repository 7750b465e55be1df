import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CleanError, MapOutOfReachError } from '../../lib/base/map-errors.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { mapStatus } from '../../lib/map/report/map-status.ts';
import { clean, loadMap, loadMaps, removeMap, tags } from '../../lib/map/manage-maps.ts';
import { tagFile } from '../../lib/job-set/names.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
const root = temporaryDirectory();
let places = 0;

/** An executor with a directory of its own. */
function newExecutor(): { directory: string; executor: LocalExecutor } {
  places += 1;
  const directory = join(root, String(places));
  return { directory, executor: new LocalExecutor({ directory, maxWorkers: 4 }) };
}

/** To be mapped. */
function failsForTwo(x: number): number {
  if (x === 2) throw new RangeError('two');
  return x * 10;
}

/** As if a map had been made long ago. */
function makeOld(directory: string, id: string): void {
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(join(directory, id, 'job-set.yaml'), hourAgo, hourAgo);
}

describe('loadMap()', () => {
  const { directory, executor } = newExecutor();
  beforeAll(async () => {
    const map = await executor.createMap(failsForTwo, [1, 2, 3], { tag: 'numbers' });
    await map.wait({ errorsOk: true });
    await executor.shutdown();
  });

  it('needs no executor to read a map, and to run parts of it again', async () => {
    const map = await loadMap<[number], number>('numbers', { directory });
    expect([map.tag, map.length, map.isTransient, map.isAttended]).toEqual(['numbers', 3, false, false]);
    expect(await map.statuses()).toEqual(['completed', 'errored', 'completed']);
    expect(await map.get(2)).toBe(30);
    expect(await map.inputs(1)).toEqual([2]);
    expect(await map.error(1)).toMatchObject({ name: 'RangeError', message: 'two' });
    expect(await map.rerun()).toEqual([1]);
    expect(await map.error(1)).toMatchObject({ message: 'two' });
    expect((await map.usage())[1]).toMatchObject({ attempts: 2 });
    expect(await map.add([4])).toEqual([3]);
    expect(await map.get(3)).toBe(40);
  });

  it('imports for added inputs what the map imports first, unless other modules are named', async () => {
    const place = newExecutor();
    const [first, second] = ['first', 'second'].map((name) => {
      const file = join(root, `${name}.mjs`);
      writeFileSync(file, `globalThis.imported = (globalThis.imported ?? 0) + '${name}';`);
      return file;
    }) as [string, string];
    const look = (): unknown => (globalThis as { imported?: unknown }).imported;
    const name = relative(process.cwd(), first).replace(/^(?!\.)/, './');
    await (await place.executor.createMap(look, [1], { tag: 'preloaded', preload: [name] })).wait();
    await place.executor.shutdown();
    const map = await loadMap<[number]>('preloaded', { directory: place.directory });
    expect([await map.add([2]), await map.get(1)]).toEqual([[1], '0first']);
    expect([await map.add([3], { preload: [second] }), await map.get(2)]).toEqual([[2], '0second']);
  });

  it('reads a map of another machine, and refuses what needs its jobs', async () => {
    const map = await loadMap('numbers', { directory });
    const header = join(map.directory, 'job-set.yaml');
    const before = readFileSync(header, 'utf8');
    writeFileSync(header, before.replace(/^host: .*$/m, 'host: far.away'));
    try {
      const far = await loadMap('numbers', { directory });
      expect(await far.get(0)).toBe(10);
      const refused = await thrownBy(far.rerun([1]));
      expect(refused).toBeInstanceOf(MapOutOfReachError);
      expect(refused).toMatchObject({ tag: 'numbers', message: expect.stringContaining('far.away') });
      expect(await far.statuses()).toEqual(['completed', 'errored', 'completed', 'completed']);
    } finally {
      writeFileSync(header, before);
    }
  });

  it('tells what is wrong with what it was given', async () => {
    expect(await thrownBy(loadMap('number', { directory }))).toMatchObject({
      name: 'TagNotFoundError',
      nearest: ['numbers'],
    });
    const wrong = { folder: directory } as object;
    expect(await thrownBy(loadMap('numbers', wrong))).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('loadMap() has no option `folder`. Its options: directory'),
    });
    expect(await thrownBy(loadMaps(7 as never, { directory }))).toMatchObject({ name: 'TypeError' });
  });
});

describe('A map that is open twice in one program', () => {
  it('is controlled through either', async () => {
    const { directory, executor } = newExecutor();
    const gate = new Gate(root);
    const map = await executor.createStarmap(passGate<number>, [[gate.file, 1]], { tag: 'twice' });
    const other = await loadMap('twice', { directory });
    await until(() => gate.reached);
    expect(await other.cancel()).toEqual([0]);
    await until(async () => (await map.statuses())[0] === 'removed');
    expect(await thrownBy(other.get(0))).toMatchObject({ name: 'CancelledError' });
    expect(await other.rerun()).toEqual([0]);
    gate.open();
    expect(await map.get(0)).toBe(1);
    await executor.shutdown();
  });
});

describe('tags(), loadMaps() and removeMap()', () => {
  const { directory, executor } = newExecutor();
  afterAll(async () => executor.shutdown());

  it('find maps by patterns, and remove them', async () => {
    for (const tag of ['scan-1', 'scan-2', 'fit-1']) await executor.createMap((x: number) => x, [1], { tag });
    expect(await tags(undefined, { directory })).toEqual(['fit-1', 'scan-1', 'scan-2']);
    expect(await executor.tags('*-1')).toEqual(['fit-1', 'scan-1']);
    const scans = await loadMaps('scan-*', { directory });
    expect(scans.map(({ tag }) => tag)).toEqual(['scan-1', 'scan-2']);
    expect(await collect(scans[1] as AsyncIterable<unknown>)).toEqual([1]);
    expect(await executor.loadMaps()).toHaveLength(3);
    expect(await executor.removeMap('fit-1')).toBe(true);
    expect(await removeMap('fit-1', { directory })).toBe(false);
    expect(await thrownBy(removeMap('fit-1', { directory, mustExist: true }))).toMatchObject({
      name: 'TagNotFoundError',
    });
    expect(await tags('*', { directory })).toEqual(['scan-1', 'scan-2']);
  });
});

describe('clean()', () => {
  it('removes maps that have no name of their own; with `all`, all of them', async () => {
    const { directory, executor } = newExecutor();
    const named = await executor.createMap((x: number) => x, [1], { tag: 'named' });
    const transient = await executor.createMap((x: number) => x, [1]);
    await Promise.all([named.wait(), transient.wait()]);
    expect(await clean({ directory })).toEqual([transient.tag]);
    expect(await thrownBy(transient.statuses())).toMatchObject({ name: 'MapRemovedError' });
    expect(await tags('*', { directory })).toEqual(['named']);
    expect(await executor.clean({ all: true })).toEqual(['named']);
    expect(readdirSync(directory)).toEqual(['tags']);
    expect(await clean({ directory })).toEqual([]);
    await executor.shutdown();
  });

  it('removes what is left of removals and creations that were cut off, and nothing else', async () => {
    const { directory, executor } = newExecutor();
    const make = async (tag: string): Promise<string> => {
      const map = await executor.createMap((x: number) => x, [1], { tag });
      await map.wait();
      return map.directory.slice(directory.length + 1);
    };
    const [whole, untagged, young] = [await make('whole'), await make('untagged'), await make('young')];
    const gone = await make('gone');
    const future = executor.submit(() => 1);
    await future;
    const own = executor.id;
    await executor.shutdown();
    for (const id of [whole, untagged]) makeOld(directory, id);
    for (const tag of ['untagged', 'young']) rmSync(tagFile(directory, tag));
    rmSync(join(directory, gone), { recursive: true });
    const record = JSON.parse(readFileSync(tagFile(directory, 'gone'), 'utf8')) as object;
    expect(await clean({ directory })).toEqual([]);
    expect(await tags('*', { directory })).toEqual(['gone', 'whole']);
    const long = { ...record, made: new Date(Date.now() - 3_600_000).toISOString() };
    writeFileSync(tagFile(directory, 'gone'), JSON.stringify(long));
    expect(await clean({ directory })).toEqual(['gone']);
    const left = readdirSync(directory).filter((name) => name !== own);
    expect(left.toSorted()).toEqual([whole, young, 'tags'].toSorted());
  });

  it('goes on when one map cannot be removed, and tells of it at the end', async () => {
    const { directory, executor } = newExecutor();
    const maps = await Promise.all([1, 2, 3].map(async (x) => executor.createMap((y: number) => y, [x])));
    await Promise.all(maps.map(async (map) => map.wait()));
    await executor.shutdown();
    const [bad, ...others] = maps.map(({ tag }) => tag).toSorted();
    writeFileSync(tagFile(directory, bad as string), 'torn');
    const error = await thrownBy(clean({ directory }));
    expect(error).toBeInstanceOf(CleanError);
    expect(error).toMatchObject({ removed: others, errors: [{ name: 'PayloadError' }] });
    expect(await tags('*', { directory })).toEqual([bad]);
  });
});

describe('mapStatus()', () => {
  it('tells of maps in numbers, but for those that are removed meanwhile', async () => {
    const { directory, executor } = newExecutor();
    const map = await executor.createMap(failsForTwo, [1, 2, 3], { tag: 'first-try' });
    const gone = await executor.createMap(failsForTwo, [1]);
    await map.wait({ errorsOk: true });
    const maps = await loadMaps(undefined, { directory });
    await gone.remove();
    const [status, ...others] = await mapStatus(maps);
    expect(others).toEqual([]);
    expect(status).toMatchObject({
      tag: 'first-try',
      transient: false,
      components: 3,
      counts: { completed: 2, errored: 1, idle: 0, held: 0 },
      made: map.made,
    });
    const { localDataBytes, maxMemoryBytes, maxRunSeconds, totalRunSeconds, cpuSeconds } = status ?? fail();
    expect(maxMemoryBytes).toBeGreaterThan(1024 ** 2);
    expect(totalRunSeconds).toBeGreaterThanOrEqual(maxRunSeconds);
    expect(cpuSeconds).toBeGreaterThan(0);
    expect(localDataBytes).toBeGreaterThan(1000);
    expect(await map.status()).toBe('first-try: 2 completed, 1 errored');
    expect(await map.holdReport()).toBe('first-try: no component is held');
    await executor.shutdown();
  });
});

function fail(): never {
  throw new Error('There is no status');
}
