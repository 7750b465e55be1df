import { serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { PayloadError } from '../../lib/errors.ts';
import { decodeCall, decodeOutcome, encodeArguments, encodeCall } from '../../lib/payload/call.ts';

describe('an encoded call', () => {
  it('is read as it was written', () => {
    const items = [{ arguments: encodeArguments([1, 'a']) }];
    expect(decodeCall(encodeCall('abc', items))).toEqual({ version: 1, function: 'abc', items });
  });

  it.each([
    ['torn', encodeCall('abc', [{ arguments: encodeArguments(['a'.repeat(100)]) }]).subarray(0, 60)],
    ['empty', Buffer.alloc(0)],
    ['of another format', serialize({ version: 99 })],
    ['something else', serialize(null)],
  ])('is refused when it is %s', (_, bytes) => {
    expect(() => decodeCall(bytes)).toThrow(PayloadError);
    expect(() => decodeOutcome(bytes)).toThrow(PayloadError);
  });

  it('names both formats when they differ', () => {
    expect(() => decodeCall(serialize({ version: 99 }))).toThrow(
      'format 99, this version of condor-futures reads 1',
    );
  });
});
