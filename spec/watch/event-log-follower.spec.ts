import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseEventLog } from '../../lib/batch/htcondor/event-log.ts';
import { EventLogFollower } from '../../lib/watch/event-log-follower.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();
let file: string;
let follower: EventLogFollower;
let logs = 0;
beforeEach(() => {
  logs += 1;
  file = join(directory, `${logs}.log`);
  follower = new EventLogFollower(file, parseEventLog);
});

const submitted = (proc: number): string =>
  `000 (7.${proc}.000) 2026-11-21 01:50:38 Job submitted from host: <x>\n...\n`;
const ids = async (): Promise<string[]> => (await follower.read()).map(({ jobId }) => jobId);

describe('EventLogFollower', () => {
  it('finds nothing in a log that is not there yet', async () => {
    expect(await ids()).toEqual([]);
  });

  it('gives each event once, as the log grows', async () => {
    writeFileSync(file, submitted(0) + submitted(1));
    expect(await ids()).toEqual(['7.0', '7.1']);
    expect(await ids()).toEqual([]);
    appendFileSync(file, submitted(2));
    expect(await ids()).toEqual(['7.2']);
  });

  it('leaves a torn event until it is whole', async () => {
    const event = Buffer.from(submitted(0).replace('<x>', '<模型>'));
    for (const byte of event.subarray(0, -1)) {
      appendFileSync(file, Buffer.from([byte]));
      expect(await ids()).toEqual([]);
    }
    appendFileSync(file, event.subarray(-1));
    expect(await ids()).toEqual(['7.0']);
  });

  it('begins again when the log was truncated', async () => {
    writeFileSync(file, submitted(0) + submitted(1));
    await ids();
    writeFileSync(file, submitted(2));
    expect(await ids()).toEqual(['7.2']);
  });

  it('reads a log of many megabytes', async () => {
    const events = Array.from({ length: 100_000 }, (_, proc) => submitted(proc));
    writeFileSync(file, events.join(''));
    expect((await ids()).length).toBe(100_000);
  });
});
