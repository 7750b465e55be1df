import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import { countStatuses } from '../../../lib/map/read/component.ts';
import { formatProgress } from '../../../lib/map/report/progress.ts';
import type { MapProgress } from '../../../lib/map/report/progress.ts';
import { runProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { builtModule } from '../../support/built-file.ts';

const directory = temporaryDirectory();

/** A map of which the last component fails, with all the bars that there are. */
const SOURCE = `const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(directory)}, maxWorkers: 2 });
const call = async (n) => {
  await new Promise((resolve) => setTimeout(resolve, 150 * n));
  if (n === 3) throw new Error('three');
};
const progress = true;
const map = await executor.createMap(call, [1, 2, 3], { tag: 'shown', progress });
await map.wait({ progress }).catch((error) => console.log('caught ' + error.name));
await map.remove({ progress });
console.log('tags: ' + (await executor.clean({ all: true, progress })).length);
await executor.shutdown();`;

/** What a program writes to a terminal. */
async function runInTerminal(source: string): Promise<string> {
  const file = join(directory, 'program.mjs');
  writeFileSync(file, `import * as condorFutures from ${JSON.stringify(builtModule('index'))};\n${source}`);
  const command = `'${process.execPath}' '${file}'`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', reject);
  });
  return text;
}

const CLEARED = '\u001B[1G\u001B[2K';

describe('`progress: true`', () => {
  it('shows a bar in a terminal, which goes away at the end, also at that by an error', async () => {
    const text = await runInTerminal(SOURCE);
    expect(text).toContain('shown: waiting [');
    expect(text).toContain('shown: writing [');
    expect(text).toContain(`${CLEARED}caught MapComponentError`);
    expect(text).toContain('shown: removing [########################] 3/3');
    const last = text.slice(text.lastIndexOf(CLEARED) + CLEARED.length);
    expect(last.trim()).toBe('tags: 0');
  });

  it('is silent where stderr is no terminal', async () => {
    const { stdout, stderr, exitCode } = await runProgram(SOURCE);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: 'caught MapComponentError\ntags: 0\n',
      stderr: '',
      exitCode: 0,
    });
  });
});

describe('`progress` as a function', () => {
  it('is told plain data', async () => {
    const executor = new LocalExecutor({ directory, maxWorkers: 2 });
    const told: MapProgress[] = [];
    const progress = (one: MapProgress): void => void told.push(one);
    const map = await executor.createMap((x: number) => x, [1, 2], { tag: 'told', progress });
    expect(told).toEqual([
      { tag: 'told', phase: 'writing', done: 2, total: 2 },
      { tag: 'told', phase: 'submitting', done: 2, total: 2 },
    ]);
    await map.wait({ progress });
    const counts = countStatuses(['completed', 'completed']);
    expect(told.at(-1)).toEqual({ tag: 'told', phase: 'waiting', done: 2, total: 2, counts });
    await map.remove({ progress });
    expect(told.at(-1)).toEqual({ tag: 'told', phase: 'removing', done: 2, total: 2 });
    expect(await thrownBy(map.wait({ progress: 7 as never }))).toMatchObject({
      message: expect.stringContaining('Expected `progress` of wait() to be a boolean or a function'),
    });
    await executor.shutdown();
  });
});

describe('A progress line', () => {
  it.each<[MapProgress, string]>([
    [{ tag: undefined, phase: 'writing', done: 2000, total: undefined }, 'writing 2000'],
    [{ tag: 'scan', phase: 'removing', done: 1, total: 2 }, 'scan: removing [############------------] 1/2'],
    [
      {
        tag: 'scan',
        phase: 'waiting',
        done: 1,
        total: 3,
        counts: countStatuses(['completed', 'idle', 'held']),
      },
      'scan: waiting [########----------------] 1/3  1 idle, 1 held',
    ],
    [{ tag: 'scan', phase: 'removing', done: 0, total: 0 }, 'scan: removing [########################] 0/0'],
  ])('%j is %s', (progress, line) => expect(formatProgress(progress)).toBe(line));
});
