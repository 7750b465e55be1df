import { serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { PayloadError } from '../../lib/base/errors.ts';
import { decodeCall, decodeOutcome, encodeCall, encodeOutcome } from '../../lib/payload/call.ts';
import { seal } from '../../lib/payload/call.ts';

const options = { capture: {}, otherNode: 'refuse', main: '' } as const;

describe('an encoded call', () => {
  it('is read as it was written', () => {
    const items = [{ arguments: serialize([1, 'a']) }];
    const call = { function: 'abc', items, options };
    expect(decodeCall(encodeCall(call))).toEqual({ version: 5, ...call });
  });

  it.each([
    ['torn', encodeCall({ function: 'a'.repeat(100), items: [], options }).subarray(0, 60)],
    ['empty', Buffer.alloc(0)],
    ['of another format', serialize({ version: 99 })],
    ['something else', serialize(null)],
  ])('is refused when it is %s', (_, bytes) => {
    expect(() => decodeCall(bytes)).toThrow(PayloadError);
  });

  it('names both formats when they differ', () => {
    expect(() => decodeCall(serialize({ version: 99 }))).toThrow(
      'format 99, this version of condor-futures reads 5',
    );
  });
});

describe('an encoded outcome', () => {
  const outcome = {
    items: [{ value: serialize('x'.repeat(10_000)) }],
    host: 'node7',
    pid: 5,
    nodeVersion: process.version,
    startedAt: 1,
    endedAt: 2,
    userCpuMs: 3,
    systemCpuMs: 4,
    peakMemoryBytes: 6,
  };
  const bytes = encodeOutcome(outcome);

  it('is read as it was written', () => {
    expect(decodeOutcome(bytes)).toEqual({ version: 5, ...outcome });
  });

  it('tells that it is torn, wherever it is cut', () => {
    for (let length = 0; length < bytes.length; length += 7) {
      expect(decodeOutcome(bytes.subarray(0, length))).toBeUndefined();
    }
  });

  it('tells that blocks of it are zero, as after a crash of a machine', () => {
    for (let start = 0; start < bytes.length; start += 4096) {
      expect(
        decodeOutcome(Buffer.from(bytes).fill(0, start, Math.min(start + 4096, bytes.length))),
      ).toBeUndefined();
    }
    expect(decodeOutcome(Buffer.alloc(bytes.length))).toBeUndefined();
  });

  it('is refused when it is whole and of another format', () => {
    expect(() => decodeOutcome(seal(serialize({ version: 99 })))).toThrow(PayloadError);
    expect(() => decodeOutcome(seal(serialize(null)))).toThrow(PayloadError);
  });
});
