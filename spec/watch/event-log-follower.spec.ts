import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { parseEventLog } from '../../lib/batch/htcondor/event-log.ts';
import { EventLogFollower } from '../../lib/watch/event-log-follower.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

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

  it('begins again in a log that took the place of another, though it is longer', async () => {
    writeFileSync(file, submitted(0));
    await ids();
    renameSync(file, `${file}.old`);
    writeFileSync(file, submitted(1) + submitted(2) + submitted(3));
    expect(await ids()).toEqual(['7.1', '7.2', '7.3']);
    appendFileSync(file, submitted(4));
    expect(await ids()).toEqual(['7.4']);
  });

  it('begins again in a log that was truncated and has grown beyond its old length', async () => {
    writeFileSync(file, submitted(0));
    await ids();
    writeFileSync(file, submitted(1) + submitted(2));
    expect(await ids()).toEqual(['7.1', '7.2']);
  });

  it('goes on in a copy of the log, which has another inode', async () => {
    writeFileSync(file, submitted(0));
    await ids();
    writeFileSync(`${file}.copy`, submitted(0) + submitted(1));
    renameSync(`${file}.copy`, file);
    expect(await ids()).toEqual(['7.1']);
  });

  it('bears that the log is deleted under it, and comes back', async () => {
    writeFileSync(file, submitted(0));
    await ids();
    rmSync(file);
    expect(await ids()).toEqual([]);
    writeFileSync(file, submitted(1) + submitted(2));
    expect(await ids()).toEqual(['7.1', '7.2']);
  });

  it('waits for what another machine has written and is not shown yet, but not for ever', async () => {
    const zeros = '\0'.repeat(submitted(1).length);
    writeFileSync(file, submitted(0) + zeros + submitted(2));
    expect(await ids()).toEqual(['7.0']);
    expect(await ids()).toEqual([]);
    writeFileSync(file, submitted(0) + submitted(1) + submitted(2));
    expect(await ids()).toEqual(['7.1', '7.2']);
    appendFileSync(file, zeros + submitted(3));
    const found: string[] = [];
    await until(async () => found.push(...(await ids())) > 0, { interval: 0 });
    expect(found).toEqual(['7.3']);
  });

  it('reads the line ends of Windows, and events beside text that is none', async () => {
    writeFileSync(file, submitted(0).replaceAll('\n', '\r\n'));
    appendFileSync(file, `no event\n...\n${submitted(1)}`);
    expect(await ids()).toEqual(['7.0', '7.1']);
  });

  it('reads a log of many megabytes', async () => {
    // More than it reads at once, of a tenth of the events that `npm run bench -- --only read-log` has.
    const note = `${'x'.repeat(1000)}\n...\n`;
    const events = Array.from({ length: 10_000 }, (_, proc) => submitted(proc).replace('...\n', note));
    writeFileSync(file, events.join(''));
    expect((await ids()).length).toBe(10_000);
  });
});
