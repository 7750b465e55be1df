import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../../lib/cluster/calls/call.ts';
import { neededResultFiles } from '../../../lib/cluster/submit/write-calls.ts';
import { dependencyNames, findDependencies } from '../../../lib/cluster/dependencies/dependencies.ts';
import type { Future } from '../../../lib/futures/future.ts';

const calls = new Map([3, 12].map((index) => [index, { index } as Call]));
const futures = new Map([...calls.values()].map((call) => [call, {} as Future<unknown>]));
const names = ['3', '12.2', '12.4'];

describe('What a call needs of others', () => {
  it('is told by names, of which it is made again', () => {
    const dependencies = findDependencies(names, calls, futures);
    expect(dependencies.map(({ call, item }) => [call.index, item])).toEqual([
      [3, 0],
      [12, 2],
      [12, 4],
    ]);
    expect(dependencies.map(({ call, future }) => futures.get(call) === future)).toEqual([true, true, true]);
    expect(dependencyNames(dependencies)).toEqual(names);
  });

  it('is a file for each of those calls, which travels where files are transferred', () => {
    expect(neededResultFiles({ dependencies: findDependencies(names, calls, futures) })).toEqual([
      'results/3',
      'results/12',
    ]);
    expect(neededResultFiles({ dependencies: [] })).toEqual([]);
  });
});
