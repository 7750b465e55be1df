import { describe, expect, it } from '@jest/globals';
import { EVENT_TIME, eventTime } from '../../../lib/batch/htcondor/event-log.ts';

const now = new Date(2026, 10, 21, 12).getTime();
const parse = (text: string, at: number = now): Date => {
  const [, ...parts] = EVENT_TIME.exec(text) ?? [];
  return eventTime(parts, at);
};

describe('The time of an event', () => {
  it.each([
    ['2026-11-21 01:50:38', new Date(2026, 10, 21, 1, 50, 38)],
    ['2026-11-21T01:50:38', new Date(2026, 10, 21, 1, 50, 38)],
    ['2026-11-21 01:50:38.123', new Date(2026, 10, 21, 1, 50, 38, 123)],
    ['2026-11-21 01:50:38Z', new Date(Date.UTC(2026, 10, 21, 1, 50, 38))],
    ['2026-11-21T01:50:38.009Z', new Date(Date.UTC(2026, 10, 21, 1, 50, 38, 9))],
    ['1999-12-31 23:59:59', new Date(1999, 11, 31, 23, 59, 59)],
    ['11/21 01:50:38', new Date(2026, 10, 21, 1, 50, 38)],
    ['11/21 01:50:38.5', new Date(2026, 10, 21, 1, 50, 38, 500)],
    ['11/21 01:50:38Z', new Date(Date.UTC(2026, 10, 21, 1, 50, 38))],
    ['01/01 00:00:00', new Date(2026, 0, 1)],
  ])('is that of the submit machine, unless it is UTC: %s', (text, time) => {
    expect(parse(text)).toEqual(time);
  });

  it('without a year is the last that there was, or a clock that is ahead', () => {
    expect(parse('11/22 11:00:00')).toEqual(new Date(2026, 10, 22, 11));
    expect(parse('11/23 00:00:00')).toEqual(new Date(2025, 10, 23));
    expect(parse('12/31 23:00:00', new Date(2027, 0, 1, 1).getTime())).toEqual(new Date(2026, 11, 31, 23));
    expect(parse('01/01 00:00:01', new Date(2026, 11, 31, 23).getTime())).toEqual(
      new Date(2027, 0, 1, 0, 0, 1),
    );
  });
});
