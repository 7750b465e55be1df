import { describe, expect, it } from '@jest/globals';
import { jobConstraint } from '../../../lib/batch/htcondor/queue.ts';

describe('The constraint of jobs', () => {
  it.each([
    [['12.3'], 'ClusterId == 12 && (ProcId == 3)'],
    [['12.3', '12.5', '12.4'], 'ClusterId == 12 && (ProcId >= 3 && ProcId <= 5)'],
    [['1.0', '1.2', '1.3', '1.3'], 'ClusterId == 1 && (ProcId == 0 || ProcId >= 2 && ProcId <= 3)'],
    [
      ['1.9', '1.10', '2.0'],
      '(ClusterId == 1 && (ProcId >= 9 && ProcId <= 10)) || (ClusterId == 2 && (ProcId == 0))',
    ],
  ])('%p', (jobIds, constraint) => expect(jobConstraint(jobIds)).toBe(constraint));
});
