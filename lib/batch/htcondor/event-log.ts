import type { JobEvent, ParsedEvents } from '../batch-system.ts';

/** Stands alone on the line behind each event; in a log that went through Windows, with the other line end. */
const SEPARATOR = /\n\.\.\.\r?\n/;

/**
 * The events of a job event log in HTCondor's classic format, up to the last one that is whole. Kinds of event that mean
 * nothing to a call are left out, and so is text that is no event.
 *
 * The format and the numbers: HTCondor manual, "Job Event Log Codes".
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

function parseEvent(text: string): JobEvent | undefined {
  const head = /^(\d{3}) \((\d+)\.(\d+)\.\d+\)/m.exec(text);
  if (head === null) return undefined;
  const [, code = '', cluster, proc] = head;
  const jobId = `${Number(cluster)}.${Number(proc)}`;
  const body = text.slice(head.index);
  return PARSERS[code]?.(jobId, body);
}

const queued = (jobId: string): JobEvent => ({ jobId, kind: 'queued' });

const PARSERS: Readonly<Record<string, (jobId: string, body: string) => JobEvent>> = {
  '000': queued,
  '001': (jobId, body) => ({ jobId, kind: 'running', host: hostOf(body) }),
  // Evicted: back in the queue, unless another event says otherwise.
  '004': queued,
  // The shadow gave up: back in the queue, unless another event says otherwise.
  '007': queued,
  '005': (jobId, body) => ({ jobId, kind: 'ended', ...howItEnded(body) }),
  '009': (jobId, body) => ({ jobId, kind: 'removed', reason: reasonOf(body) }),
  '012': (jobId, body) => ({ jobId, kind: 'held', reason: reasonOf(body), ...holdCodes(body) }),
  '013': queued,
  // Reconnected to the machine, after a 022 that changed nothing: the job may have gone on all the time.
  '023': (jobId, body) => ({ jobId, kind: 'running', host: /reconnected to (?:\S*@)?(\S+)/.exec(body)?.[1] }),
  // Reconnection to the machine failed: the job will run again.
  '024': queued,
};

/** `slot1_2@node7.example.org`, or in older versions an address that may have an alias. */
function hostOf(body: string): string | undefined {
  const slot = /^\s*SlotName: (?:\S*@)?(\S+)/m.exec(body)?.[1];
  return slot ?? /alias=([^&>]+)/.exec(body)?.[1] ?? /host: <([^:>]+)/.exec(body)?.[1];
}

function howItEnded(body: string): { exitCode?: number; signal?: number } {
  const value = /\(return value (-?\d+)\)/.exec(body)?.[1];
  if (value !== undefined) return { exitCode: Number(value) };
  const signal = /\(signal (\d+)\)/.exec(body)?.[1];
  return signal === undefined ? {} : { signal: Number(signal) };
}

/** The lines under the first, without the one with the codes. */
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

function holdCodes(body: string): { code?: number; subCode?: number } {
  const codes = /^\s*Code (\d+) Subcode (\d+)/m.exec(body);
  return codes === null ? {} : { code: Number(codes[1]), subCode: Number(codes[2]) };
}
