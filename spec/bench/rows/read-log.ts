import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEventLog } from '../../../lib/batch/htcondor/event-log.ts';
import { EventLogFollower } from '../../../lib/watch/event-log-follower.ts';
import type { Row } from '../row.ts';

const EVENTS = 100_000;

const row: Row = {
  name: 'read-log',
  title: 'reading an event log of 100,000 events, all of them once',
  unit: 'MB/s',
  goal: '> 5 MB/s',
  needsPool: false,
  async measure({ directory }) {
    const file = join(directory, 'events.log');
    const event = (proc: number): string =>
      `000 (7.${proc}.000) 2026-11-21 01:50:38 Job submitted from host: <x>\n...\n`;
    writeFileSync(file, Array.from({ length: EVENTS }, (_, proc) => event(proc)).join(''));
    const start = performance.now();
    const events = await new EventLogFollower(file, parseEventLog).read();
    const seconds = (performance.now() - start) / 1000;
    const ids = new Set(events.map(({ jobId }) => jobId));
    if (events.length !== EVENTS || ids.size !== EVENTS)
      throw new Error(`read ${ids.size} of ${EVENTS} events`);
    return { ours: statSync(file).size / 1e6 / seconds, beside: {} };
  },
  reached: ({ ours }) => ours > 5,
};
export default row;
