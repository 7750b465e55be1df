import { describe, expect, it } from '@jest/globals';
import { submitWith } from '../../lib/delivery/submit-with.ts';

describe('The submit commands of a delivery', () => {
  it('are none where it has none', () => {
    const own = { request_memory: 1 };
    expect(submitWith({}, own)).toEqual(own);
  });

  it("stand under the user's, whatever the case of their names", () => {
    const delivered = { universe: 'container', '+Image': '"a"', initialdir: '/x' };
    expect(submitWith(delivered, { Universe: 'docker', 'MY.image': '"b"' })).toEqual({
      Universe: 'docker',
      'MY.image': '"b"',
      initialdir: '/x',
    });
  });

  it.each<[object, object]>([
    [{}, { requirements: 'A || B' }],
    [{ requirements: 'C' }, { requirements: '(A || B) && (C)' }],
    [{ Requirements: 'C || D' }, { Requirements: '(A || B) && (C || D)' }],
  ])('require what they do beside %j', (own, merged) => {
    expect(submitWith({ requirements: 'A || B' }, own as never)).toEqual(merged);
    // As for the calls of a job set that another process made.
    expect(submitWith({ requirements: 'A || B' }, merged as never)).toEqual(merged);
  });
});
