/**
 * The time of an event, as `2026-11-21 01:50:38`, or without the year as `11/21 01:50:38`; perhaps with a `T`, with milliseconds, and with a `Z`
 * where the schedd writes UTC (EVENT_LOG_FORMAT_OPTIONS, DEFAULT_USERLOG_FORMAT_OPTIONS). Else it is the local time of the submit machine.
 */
export const EVENT_TIME: RegExp = /(?:(\d{4})[-/])?(\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(Z)?/;

const DAY_MS = 86_400_000;

/**
 * @param parts of {@link EVENT_TIME}
 * @param now an event without a year was written before that; the clocks of two machines may differ
 */
export function eventTime(parts: readonly (string | undefined)[], now: number = Date.now()): Date {
  const [year, month, day, hour, minute, second, fraction = '0', zone] = parts;
  const of = (ofYear: number): number => {
    const rest = [Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
    return zone === 'Z' ? Date.UTC(ofYear, ...rest) : new Date(ofYear, ...rest).getTime();
  };
  const milliseconds = Math.trunc(Number(fraction) * 1000);
  if (year !== undefined) return new Date(of(Number(year)) + milliseconds);
  const thisYear = new Date(now).getFullYear();
  const found = [1, 0].map((years) => of(thisYear + years)).find((time) => time <= now + DAY_MS);
  return new Date((found ?? of(thisYear - 1)) + milliseconds);
}
