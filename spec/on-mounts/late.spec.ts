import { chmodSync, existsSync, mkdtempSync, readdirSync, statSync, watch, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { JobDiedError } from '../../lib/base/job-errors.ts';
import { LocalExecutor, type LocalExecutorOptions } from '../../lib/executors/local-executor.ts';
import { findGraces } from '../../lib/watch/job-set-watch.ts';
import { mountOf } from '../support/mounts.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
const late = mountOf('LATE');
const behind = mountOf('BEHIND');

/** Runs node behind the mount, as on another machine. */
const node = join(temporaryDirectory(), 'node-behind');
writeFileSync(
  node,
  `#!/bin/sh
for word do
  shift
  case $word in ${late}/*) word=${behind}\${word#${late}} ;; esac
  set -- "$@" "$word"
done
exec '${process.execPath}' "$@"
`,
);
chmodSync(node, 0o700);

function open(options: LocalExecutorOptions = {}): LocalExecutor {
  return new LocalExecutor({ directory: mkdtempSync(join(late, 'jobs-')), node, maxWorkers: 4, ...options });
}

describe('A filesystem that is late', () => {
  it('raises no events, and does not show for a while what was asked for in vain', async () => {
    const name = basename(mkdtempSync(join(late, 'itself-')));
    const events: unknown[] = [];
    const watcher = watch(join(late, name), (event) => events.push(event));
    expect(existsSync(join(late, name, 'file'))).toBe(false);
    writeFileSync(join(behind, name, 'file'), '');
    expect(readdirSync(join(late, name))).toEqual(['file']);
    expect(existsSync(join(late, name, 'file'))).toBe(false);
    await until(() => existsSync(join(late, name, 'file')));
    watcher.close();
    expect(events).toEqual([]);
  });

  it('is watched by sweeping', async () => {
    expect((await findGraces(late, { watch: 'auto', outcomeGrace: undefined })).mode).toBe('sweep');
  });
});

describe('Jobs behind a filesystem that is late', () => {
  it('come home with their values, each once', async () => {
    await using executor = open();
    const settled: number[] = [];
    const futures = Array.from({ length: 12 }, (_, index) => {
      const future = executor.submit((x: number) => x * x, index);
      future.addDoneCallback(() => settled.push(index));
      return future;
    });
    expect(await Promise.all(futures)).toEqual(futures.map((_, index) => index ** 2));
    expect(settled.toSorted((a, b) => a - b)).toEqual(futures.map((_, index) => index));
    expect(statSync(executor.jobSetDirectory as string).mode & 0o777).toBe(0o700);
  });

  it('come home with their errors, and what they have printed', async () => {
    await using executor = open();
    const future = executor.submit(() => {
      console.log('printed');
      throw new RangeError('on purpose');
    });
    expect(await thrownBy(future)).toMatchObject({ name: 'RangeError', message: 'on purpose' });
    expect(await future.stdout()).toBe('printed\n');
  });

  it('are tried again, though the first try was killed', async () => {
    await using executor = open({ outcomeGrace: 4000 });
    const tries = join(mkdtempSync(join(behind, 'tries-')), 'tries');
    const future = executor.with({ retries: 1 }).submit(async (file: string) => {
      const { appendFileSync, readFileSync } = await import('node:fs');
      appendFileSync(file, '.');
      if (readFileSync(file).length === 1) process.kill(process.pid, 'SIGKILL');
      return readFileSync(file).length;
    }, tries);
    expect(await future).toBe(2);
  });

  it('are told to have died when they have, and not before the grace is over', async () => {
    await using executor = open({ outcomeGrace: 4000 });
    const error = await thrownBy(executor.submit(() => process.kill(process.pid, 'SIGKILL')));
    expect(error).toBeInstanceOf(JobDiedError);
    expect(error).toMatchObject({ signal: 9 });
  });
});
