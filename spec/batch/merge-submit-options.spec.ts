import { describe, expect, it } from '@jest/globals';
import { mergeSubmitOptions, type SubmitOptions } from '../../lib/batch/submit-options.ts';

describe('Submit options of several layers', () => {
  it.each<[string, (SubmitOptions | undefined)[], SubmitOptions]>([
    ['none', [], {}],
    ['none that are given', [undefined, {}, undefined], {}],
    ['others', [{ a: 1 }, { b: 2 }], { a: 1, b: 2 }],
    ['the inner wins', [{ a: 1, b: 1 }, { a: 2 }], { a: 2, b: 1 }],
    ['whatever the case', [{ Request_Memory: 1 }, { request_MEMORY: 2 }], { request_memory: 2 }],
    ['one that names it twice', [{ rank: 'a', Rank: 'b' }], { rank: 'b' }],
    ['an attribute in three ways', [{ '+Note': 1 }, { 'MY.note': 2 }, { 'My.NOTE': 3 }], { 'My.NOTE': 3 }],
    ['an attribute and a command', [{ '+rank': 1 }, { rank: 2 }], { '+rank': 1, rank: 2 }],
    ['requirements of one', [{ requirements: 'a' }, { rank: 1 }], { requirements: 'a', rank: 1 }],
    [
      'requirements of two',
      [{ requirements: 'a || b' }, { Requirements: 'c' }],
      { requirements: '(a || b) && (c)' },
    ],
    [
      'requirements of three',
      [{ requirements: 'a' }, { requirements: 'b' }, { requirements: 'c' }],
      { requirements: '((a) && (b)) && (c)' },
    ],
    [
      'requirements that are the same',
      [{ requirements: 'a' }, { requirements: ' a ' }],
      { requirements: ' a ' },
    ],
    [
      'requirements that were merged before',
      [{ requirements: 'a' }, { requirements: '(a) && (b)' }],
      { requirements: '(a) && (b)' },
    ],
    ['no requirements over some', [{ requirements: 'a' }, { requirements: '' }], { requirements: 'a' }],
    ['some requirements over none', [{ requirements: '' }, { requirements: 'a' }], { requirements: 'a' }],
    [
      'requirements that are no text',
      [{ requirements: true }, { requirements: 'a' }],
      { requirements: '(true) && (a)' },
    ],
    [
      'an attribute of that name',
      [{ '+Requirements': 'a' }, { '+requirements': 'b' }],
      { '+requirements': 'b' },
    ],
  ])('%s', (_, layers, merged) => {
    const copies = structuredClone(layers);
    expect(mergeSubmitOptions(...layers)).toEqual(merged);
    expect(layers).toEqual(copies);
  });

  it('are merged once more to the same', () => {
    const [outer, inner] = [{ requirements: 'a' }, { requirements: 'b' }];
    const merged = mergeSubmitOptions(outer, inner);
    expect(mergeSubmitOptions(outer, merged)).toEqual(merged);
  });
});
