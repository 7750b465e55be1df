import { describe, expect, it } from '@jest/globals';
import { encodeInboxLine, parseInbox, type InboxLine } from '../../lib/job-set/worker-inbox.ts';

const calls: InboxLine = {
  kind: 'calls',
  known: 3,
  assignments: [
    { number: 4, key: '17', batch: 1, offset: 0, length: 200, hash: 'a'.repeat(32) },
    { number: 5, key: '9-2', batch: 2, offset: 80, length: 1, hash: 'b'.repeat(32) },
  ],
};
const close: InboxLine = { kind: 'close' };
const text = encodeInboxLine(calls) + encodeInboxLine(close);

describe('An inbox', () => {
  it('says what was written into it', () => {
    expect(parseInbox(Buffer.from(text))).toEqual({ lines: [calls, close], consumed: text.length });
  });

  it('has only whole lines, wherever it is cut off', () => {
    for (let length = 0; length < text.length; length += 1) {
      const { lines, consumed } = parseInbox(Buffer.from(text).subarray(0, length));
      expect([calls, close].slice(0, lines.length)).toEqual(lines);
      expect(text.slice(0, consumed)).toMatch(/^$|\n$/);
    }
  });

  it('leaves out a line that was torn by a crash, and has those behind it', () => {
    const torn = encodeInboxLine(calls).slice(0, -30);
    expect(parseInbox(Buffer.from(`${torn}\n${text}`)).lines).toEqual([calls, close]);
  });

  it('ends for now where a network filesystem shows zeros', () => {
    const line = encodeInboxLine(calls);
    const bytes = Buffer.concat([Buffer.from(line), Buffer.alloc(20), Buffer.from('\n')]);
    expect(parseInbox(bytes)).toEqual({ lines: [calls], consumed: line.length });
  });
});
