import { serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { PayloadError } from '../../lib/errors.ts';
import { decodeCall, decodeOutcome, encodeCall } from '../../lib/payload/call.ts';

const options = { capture: {}, otherNode: 'refuse', main: '' } as const;

describe('an encoded call', () => {
  it('is read as it was written', () => {
    const items = [{ arguments: serialize([1, 'a']) }];
    const call = { function: 'abc', items, options };
    expect(decodeCall(encodeCall(call))).toEqual({ version: 2, ...call });
  });

  it.each([
    ['torn', encodeCall({ function: 'a'.repeat(100), items: [], options }).subarray(0, 60)],
    ['empty', Buffer.alloc(0)],
    ['of another format', serialize({ version: 99 })],
    ['something else', serialize(null)],
  ])('is refused when it is %s', (_, bytes) => {
    expect(() => decodeCall(bytes)).toThrow(PayloadError);
    expect(() => decodeOutcome(bytes)).toThrow(PayloadError);
  });

  it('names both formats when they differ', () => {
    expect(() => decodeCall(serialize({ version: 99 }))).toThrow(
      'format 99, this version of condor-futures reads 2',
    );
  });
});
