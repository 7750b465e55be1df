import { MEBIBYTE } from '../../base/memory.ts';
import type { JobEvent, ParsedEvents } from '../batch-system.ts';

/**
 * Matches the time of an event: `2026-11-21 01:50:38`, or without the year `11/21 01:50:38`; optionally with
 * a `T`, with milliseconds, and with a `Z` for UTC (EVENT_LOG_FORMAT_OPTIONS,
 * DEFAULT_USERLOG_FORMAT_OPTIONS). Without a `Z` it is the submit machine's local time.
 */
export const EVENT_TIME: RegExp = /(?:(\d{4})[-/])?(\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(Z)?/;

const DAY_MS = 86_400_000;

/**
 * HoldReasonSubCode of jobs held by `future.hold()`, which tells them from other holds, also after a restart.
 */
export const REQUESTED_SUBCODE = 6770;
/** HoldReasonCode of a hold by a user. */
const USER_REQUEST = 1;

/**
 * Converts the groups of {@link EVENT_TIME} to a date.
 * @param now present time: the year of an event without one is the latest in which it is not more than a day
 * later, as clocks may differ
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

/** The line after each event; it ends with CRLF in a log that was copied through Windows. */
const SEPARATOR = /\n\.\.\.\r?\n/;

/**
 * Parses a job event log in HTCondor's classic format up to the last complete event. Skips kinds of event
 * that do not concern a call, and text that is no event. Format and codes: HTCondor manual, "Job Event Log
 * Codes".
 */
export function parseEventLog(bytes: Buffer): ParsedEvents {
  const consumed = Math.max(endOfLast(bytes, '\n...\n'), endOfLast(bytes, '\n...\r\n'));
  const texts = bytes.toString('utf8', 0, consumed).split(SEPARATOR);
  return { events: texts.map((text) => parseEvent(text)).filter((event) => event !== undefined), consumed };
}

function endOfLast(bytes: Buffer, separator: string): number {
  const start = bytes.lastIndexOf(separator);
  return start === -1 ? 0 : start + separator.length;
}

/** The beginning of an event: its code, the job, the time. */
const HEAD = new RegExp(String.raw`(\d{3}) \((\d+)\.(\d+)\.\d+\)(?= ${EVENT_TIME.source})`, 'g');

function parseEvent(text: string): JobEvent | undefined {
  // If an event was cut off, as on a full disk, the next one follows on the same line: the last head belongs
  // to a complete event.
  const head = [...text.matchAll(HEAD)].at(-1);
  if (head === undefined) return undefined;
  const [, code = '', cluster, proc, ...time] = head;
  const jobId = `${Number(cluster)}.${Number(proc)}`;
  const body = text.slice(head.index);
  const event = PARSERS[code]?.(jobId, body);
  return event && { ...event, ...memoryOf(body), at: eventTime(time) };
}

const queued = (jobId: string): JobEvent => ({ jobId, kind: 'queued' });

const PARSERS: Readonly<Record<string, (jobId: string, body: string) => JobEvent | undefined>> = {
  '000': queued,
  '001': (jobId, body) => ({ jobId, kind: 'running', host: hostOf(body), slot: slotOf(body) }),
  '004': (jobId) => ({ jobId, kind: 'evicted' }),
  // Shadow exception: the job is back in the queue unless another event says otherwise.
  '007': queued,
  '005': (jobId, body) => ({ jobId, kind: 'ended', ...exitOf(body), ...usageOf(body) }),
  '006': (jobId) => ({ jobId, kind: 'measured' }),
  '009': (jobId, body) => {
    const reason = reasonOf(body);
    return { jobId, kind: 'removed', reason, byPolicy: isPolicy(reason) };
  },
  '010': (jobId) => ({ jobId, kind: 'suspended' }),
  '011': (jobId) => ({ jobId, kind: 'continued' }),
  '012': (jobId, body) => ({ jobId, kind: 'held', reason: reasonOf(body), ...holdCodes(body) }),
  '013': queued,
  // Job reconnected. Its 022 (disconnected) is ignored, because the job may have been running all the time.
  '023': (jobId, body) => ({ jobId, kind: 'running', host: /reconnected to (?:\S*@)?(\S+)/.exec(body)?.[1] }),
  // Reconnection failed: the job will run again.
  '024': queued,
  '040': (jobId, body) => {
    const [, words = '', direction] =
      /(Entered queue to transfer|\w+ transferring) (\w+) files/.exec(body) ?? [];
    const phase = TRANSFERS[words];
    const isKnown = phase !== undefined && (direction === 'input' || direction === 'output');
    return isKnown ? { jobId, kind: 'transferring', direction, phase } : undefined;
  },
};

const TRANSFERS: Readonly<Record<string, 'queued' | 'started' | 'finished'>> = {
  'Entered queue to transfer': 'queued',
  'Started transferring': 'started',
  'Finished transferring': 'finished',
};

/** Slot name, such as `slot1_2@node7.example.org`; older versions of HTCondor do not write it. */
function slotOf(body: string): string | undefined {
  return /^\s*SlotName: ([\w.@-]+)\s*$/m.exec(body)?.[1];
}

/**
 * Machine name: from the slot name, or for older versions of HTCondor from the address, which may have an
 * alias.
 */
function hostOf(body: string): string | undefined {
  const slot = /^\s*SlotName: (?:\S*@)?(\S+)/m.exec(body)?.[1];
  return slot ?? /alias=([^&>]+)/.exec(body)?.[1] ?? /host: <([^:>]+)/.exec(body)?.[1];
}

function exitOf(body: string): { exitCode?: number; signal?: number } {
  const value = /\(return value (-?\d+)\)/.exec(body)?.[1];
  if (value !== undefined) return { exitCode: Number(value) };
  const signal = /\(signal (\d+)\)/.exec(body)?.[1];
  return signal === undefined ? {} : { signal: Number(signal) };
}

/** CPU time from `Usr 0 00:01:02, Sys 0 00:00:03  -  Run Remote Usage`: days, hours, minutes and seconds. */
function usageOf(body: string): { remoteCpuMs?: number } {
  const time = String.raw`(\d+) (\d+):(\d\d):(\d\d)`;
  const found = new RegExp(`Usr ${time}, Sys ${time} +- +Run Remote Usage`).exec(body);
  if (found === null) return {};
  const seconds = found
    .slice(1)
    .reduce((sum, text, index) => sum + Number(text) * (SECONDS[index % 4] as number), 0);
  return { remoteCpuMs: seconds * 1000 };
}

const SECONDS: readonly number[] = [86_400, 3600, 60, 1];

/** The lines below the first one, without the line of the codes. */
function reasonOf(body: string): string {
  const lines = body
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  return (
    lines.filter((line) => line !== '' && !/^Code \d+ Subcode \d+$/.test(line)).join('; ') ||
    'no reason was given'
  );
}

/**
 * Whether a policy removed the job: `The job attribute PeriodicRemove expression '…' evaluated to TRUE`, or
 * `The system macro …`.
 */
export function isPolicy(reason: string): boolean {
  return /^The (job attribute|system macro) .*expression .*evaluated to/.test(reason);
}

/**
 * Memory in MiB: event 006 has the present use; events of leaving a machine have a table of use, request and
 * allocation.
 */
function memoryOf(body: string): { memoryUsed?: number; memoryRequested?: number } {
  const measured = /^\s*(\d+) {2}- {2}MemoryUsage of job \(MB\)/m.exec(body)?.[1];
  const [, used, requested] = /^\s*Memory \(MB\) +: +(?:(\d+) +)?(\d+) +\d+ *$/m.exec(body) ?? [];
  const use = measured ?? used;
  return {
    ...(use === undefined ? {} : { memoryUsed: Number(use) * MEBIBYTE }),
    ...(requested === undefined ? {} : { memoryRequested: Number(requested) * MEBIBYTE }),
  };
}

function holdCodes(body: string): { code?: number; subCode?: number; requested?: boolean } {
  const codes = /^\s*Code (\d+) Subcode (\d+)/m.exec(body);
  if (codes === null) return {};
  const [code, subCode] = [Number(codes[1]), Number(codes[2])];
  return { code, subCode, ...(isRequestedHold(code, subCode) ? { requested: true } : {}) };
}

/** Whether a hold with these codes was requested by `future.hold()`. */
export function isRequestedHold(code: number | undefined, subCode: number | undefined): boolean {
  return code === USER_REQUEST && subCode === REQUESTED_SUBCODE;
}
