import { describe, expect, it } from '@jest/globals';
import type { SubmitOptions } from '../../../lib/batch/submit-options.ts';
import type { Call } from '../../../lib/cluster/calls/call.ts';
import { groupByTerms } from '../../../lib/cluster/submit/submission-groups.ts';

const jobSet = { id: 'set' };
let calls = 0;
const callWith = (submit: SubmitOptions, more: object = {}): Call =>
  ({ index: (calls += 1), jobSet, options: { submit }, avoided: new Map(), ...more }) as unknown as Call;

/** What is varied, as one batch system could have it. */
const system = { canVary: (name: string, submit: SubmitOptions) => name !== 'fixed' && submit[name] !== '' };

describe('Calls whose options differ', () => {
  it('share a submission if the names are the same, and the values may vary', () => {
    const some = [
      { memory: 1, rank: 'a' },
      { rank: 'a', memory: 2 },
      { memory: 3 },
      { memory: 4, rank: 'b' },
    ].map((submit) => callWith(submit));
    const groups = groupByTerms({ common: { all: 1 }, system }, some);
    expect(groups.map((group) => group.calls)).toEqual([[some[0], some[1], some[3]], [some[2]]]);
    expect(groups.map((group) => group.optionsOf(group.calls))).toEqual([
      { submit: { all: 1 }, varied: { memory: [1, 2, 4], rank: ['a', 'a', 'b'] } },
      { submit: { all: 1, memory: 3 } },
    ]);
  });

  it('have only what differs among those that are asked for', () => {
    const some = [1, 1, 2].map((memory) => callWith({ memory }));
    const [group] = groupByTerms({ common: {}, system }, some);
    expect(group?.optionsOf(some.slice(0, 2))).toEqual({ submit: { memory: 1 } });
    expect(group?.optionsOf(some.slice(1))).toEqual({ submit: {}, varied: { memory: [1, 2] } });
  });

  it('need submissions of their own where the values may not vary', () => {
    const some = [{ fixed: 1 }, { fixed: 2 }, { fixed: 1 }, { memory: '' }, { memory: 1 }].map((submit) =>
      callWith(submit),
    );
    const groups = groupByTerms({ common: {}, system }, some);
    expect(groups.map((group) => group.calls.length)).toEqual([2, 1, 1, 1]);
    expect(
      groupByTerms({ common: {}, system: {} }, [callWith({ memory: 1 }), callWith({ memory: 2 })]).length,
    ).toBe(2);
  });

  it('have the requirements of the executor and their own, and one value for a name', () => {
    const common = { requirements: 'a', Rank: 1 };
    const call = callWith({ requirements: 'b', RANK: 2 });
    const [group] = groupByTerms({ common, system }, [call]);
    expect(group?.optionsOf([call])).toEqual({ submit: { requirements: '(a) && (b)', rank: 2 } });
    expect(common).toEqual({ requirements: 'a', Rank: 1 });
  });

  it('have the memory that they have grown to', () => {
    const options = { submit: { Request_Memory: 100 } };
    const some = [
      callWith({}, { options }),
      callWith({}, { options }),
      callWith({}, { options, memory: 200 * 1024 ** 2 }),
    ];
    const [group, ...others] = groupByTerms({ common: {}, system }, some);
    expect(others).toEqual([]);
    expect(group?.optionsOf(some)).toEqual({ submit: {}, varied: { request_memory: [100, 100, 200] } });
  });

  it('have the disk that they were set to', () => {
    const call = callWith({ request_disk: '1GB' }, { disk: 2 * 1024 ** 2 });
    const [group] = groupByTerms({ common: {}, system }, [call]);
    expect(group?.optionsOf([call])).toEqual({ submit: { request_disk: 2048 } });
  });

  it('share none with those that avoid other machines', () => {
    const avoided = new Map([['node7', 5]]);
    const groups = groupByTerms({ common: {}, system }, [callWith({}), callWith({}, { avoided })]);
    expect(groups.map(({ avoid }) => avoid)).toEqual([[], [{ host: 'node7', until: 5 }]]);
  });
});
