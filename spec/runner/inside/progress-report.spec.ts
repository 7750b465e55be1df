import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { readProgress } from '../../../lib/job-set/call-outputs.ts';
import { ProgressReport } from '../../../lib/runner/inside/progress-report.ts';
import { OutcomeWriter } from '../../../lib/runner/outcome.ts';
import type { RunningCall } from '../../../lib/runner/outcome.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const parent = temporaryDirectory();
let made = 0;

function newReport(item: number, items: number): { report: ProgressReport; directory: string } {
  made += 1;
  const directory = join(parent, String(made));
  mkdirSync(directory);
  const options = { capture: {}, otherNode: 'refuse', main: '' } as const;
  const call: RunningCall = {
    writer: new OutcomeWriter(directory, '3-2'),
    item,
    items,
    options,
    inside: undefined,
  };
  return { report: new ProgressReport(call), directory };
}

afterEach(() => {
  jest.useRealTimers();
});

describe('A report of progress', () => {
  it('is written at once, and the last one of many soon after', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { report, directory } = newReport(0, 1);
    report.update(0.1, 'first');
    expect(await readProgress(directory, '3-2')).toMatchObject({ fraction: 0.1, text: 'first' });
    report.update(0.2);
    report.update(0.3, 'x'.repeat(10_000));
    expect(await readProgress(directory, '3-2')).toMatchObject({ fraction: 0.1 });
    jest.advanceTimersByTime(1000);
    expect(await readProgress(directory, '3-2')).toMatchObject({ fraction: 0.3, text: 'x'.repeat(4096) });
  });

  it('is written at the end of the call', async () => {
    const { report, directory } = newReport(0, 1);
    report.update(0);
    report.update(1);
    report.flush();
    expect(await readProgress(directory, '3-2')).toMatchObject({ fraction: 1, text: undefined });
  });

  it('of one call of a chunk is that of the chunk', async () => {
    const { report, directory } = newReport(2, 4);
    report.update(0.5);
    expect(await readProgress(directory, '3-2')).toMatchObject({ fraction: 0.625 });
  });

  it('harms nothing where it cannot be written, and does not make a job set again that is gone', async () => {
    const { report, directory } = newReport(0, 1);
    rmSync(directory, { recursive: true });
    report.update(0.5);
    expect(await readProgress(directory, '3-2')).toBeUndefined();
    mkdirSync(directory);
    report.update(0.75);
    report.flush();
    expect(await readProgress(directory, '3-2')).toMatchObject({ fraction: 0.75 });
  });
});
