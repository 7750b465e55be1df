import { describe, expect, it } from '@jest/globals';
import { optionsOfJob, separateOptions } from '../../lib/batch/submit-options.ts';

describe('The options of jobs that are submitted together', () => {
  it('are those of the first, if all have the very same', () => {
    const submit = { request_memory: 1 };
    expect(separateOptions([submit, submit]).submit).toBe(submit);
  });

  it('are what they have in common, and what each has of its own', () => {
    const all = [
      { request_memory: 1, rank: 'Memory', '+Note': '"a"' },
      { '+Note': '"a"', request_memory: 2, rank: 'Memory' },
      { request_memory: 1, rank: 'Cpus', '+Note': '"a"' },
    ];
    const options = separateOptions(all);
    expect(options).toEqual({
      submit: { '+Note': '"a"' },
      varied: { request_memory: [1, 2, 1], rank: ['Memory', 'Memory', 'Cpus'] },
    });
    expect(all.map((_, position) => optionsOfJob(options, position))).toEqual(all);
  });

  it('vary in nothing if they are equal', () => {
    expect(separateOptions([{ rank: 'x' }, { rank: 'x' }])).toEqual({ submit: { rank: 'x' } });
    expect(optionsOfJob({ submit: { rank: 'x' } }, 7)).toEqual({ rank: 'x' });
  });
});
