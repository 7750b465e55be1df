import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../../lib/cluster/calls/call.ts';
import { filesNeeded } from '../../../lib/cluster/submit/write-calls.ts';
import { needNames, needsOf } from '../../../lib/cluster/needs/needs.ts';
import type { Future } from '../../../lib/futures/future.ts';

const calls = new Map([3, 12].map((index) => [index, { index } as Call]));
const futures = new Map([...calls.values()].map((call) => [call, {} as Future<unknown>]));
const names = ['3', '12.2', '12.4'];

describe('What a call needs of others', () => {
  it('is told by names, of which it is made again', () => {
    const needs = needsOf(names, calls, futures);
    expect(needs.map(({ call, item }) => [call.index, item])).toEqual([
      [3, 0],
      [12, 2],
      [12, 4],
    ]);
    expect(needs.map(({ call, future }) => futures.get(call) === future)).toEqual([true, true, true]);
    expect(needNames(needs)).toEqual(names);
  });

  it('is a file for each of those calls, which travels where files are transferred', () => {
    expect(filesNeeded({ needs: needsOf(names, calls, futures) })).toEqual(['results/3', 'results/12']);
    expect(filesNeeded({ needs: [] })).toEqual([]);
  });
});
