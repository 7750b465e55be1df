import { describe, expect, it } from '@jest/globals';
import { diskEdit, memoryEdit, methodOf } from '../../lib/batch/job-actions.ts';

describe('What a job is to ask for', () => {
  it.each([
    [512, 512, 512],
    [0.5, 1, 1],
    ['512', 512, 512],
    ['2GB', 2048, 2 * 1024 * 1024],
    ['1.5 g', 1536, 1536 * 1024],
    ['500 M', 500, 500 * 1024],
    ['100KB', 1, 100],
    ['1b', 1, 1],
  ])('is whole MiB of memory, or KiB of disk, whatever the unit: %p', (amount, memory, disk) => {
    expect(memoryEdit(amount)).toEqual({ kind: 'edit', attribute: 'RequestMemory', value: memory });
    expect(diskEdit(amount)).toEqual({ kind: 'edit', attribute: 'RequestDisk', value: disk });
  });

  it.each([0, -1, NaN, Infinity, '', 'much', '2 XB', '-1', undefined, null, {}, 'Cpus * 100'])(
    'is an amount: not %p',
    (amount) => {
      expect(() => memoryEdit(amount as never)).toThrow(TypeError);
      expect(() => memoryEdit(amount as never)).toThrow(
        "Expected the amount of setMemory() to be a number of MiB, more than 0, or text such as '2GB', got ",
      );
      expect(() => diskEdit(amount as never)).toThrow(
        'Expected the amount of setDisk() to be a number of KiB',
      );
    },
  );
});

describe('An action', () => {
  it('has the name of the method that asks for it', () => {
    expect([methodOf({ kind: 'hold' }), methodOf(memoryEdit(1)), methodOf(diskEdit(1))]).toEqual([
      'hold',
      'setMemory',
      'setDisk',
    ]);
  });
});
