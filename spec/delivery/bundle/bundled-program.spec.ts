import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { runBundled, writeProgram } from '../../support/bundled-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { builtModule } from '../../support/built-file.ts';

const parent = temporaryDirectory();
const directory = join(parent, 'jobs');
mkdirSync(directory, { mode: 0o700 });
const options = { directory, maxWorkers: 4 };
const root = writeProgram(join(parent, 'program'));

/** The bundles, and the very files that they are. */
function bundles(): [string, number][] {
  return readdirSync(join(directory, 'bundles')).map((name) => [
    name,
    statSync(join(directory, 'bundles', name)).ino,
  ]);
}

describe('A program that the jobs do not see', () => {
  it('runs from its bundle, and its results come home as its own', async () => {
    const run = await runBundled(root, 'LocalExecutor', { ...options, delivery: 'bundle' });
    const [[name]] = bundles() as [[string, number]];
    const bundle = join(directory, 'bundles', name);
    expect(run).toMatchObject({
      described: 'good day, 1[1, 2, 3]',
      from: join(bundle, 'lib', 'model.js'),
      isModel: true,
      again: 'good day, 1[1, 2, 3]',
      later: 500,
      isError: true,
    });
    expect(run.found.slice(0, 4)).toEqual([100, 'good day,', '[1, 2, 3]', bundle]);
    expect(run.stack).toMatch(new RegExp(`ModelError: negative|Error: negative`));
    expect(run.stack).toContain(join(root, 'lib', 'model.js'));
    expect(run.stack).not.toContain('bundles');
    expect(readdirSync(bundle).toSorted()).toEqual([
      'data',
      'lib',
      'main.mjs',
      'node_modules',
      'package.json',
    ]);
    expect(readdirSync(join(bundle, 'node_modules')).toSorted()).toEqual(['greeter', 'polite']);
  });

  it('is not packed again while it stays the same, wherever its files have come from', async () => {
    const before = bundles();
    writeProgram(root);
    await runBundled(root, 'LocalExecutor', { ...options, delivery: 'bundle' });
    expect(bundles()).toEqual(before);
    writeFileSync(join(root, 'lib', 'late.js'), 'export const late = (x) => x * 1000;');
    const { later } = await runBundled(root, 'LocalExecutor', { ...options, delivery: 'bundle' });
    expect(later).toBe(5000);
    expect(bundles()).toHaveLength(2);
  });

  it('may have its job sets below itself, and send functions to and fro', async () => {
    const source = `
      import * as condorFutures from ${JSON.stringify(builtModule('index'))};
      import { Model, simulate } from './lib/model.js';
      const executor = new condorFutures.LocalExecutor({ delivery: 'bundle', workers: { max: 1 } });
      const { instance, from } = await executor.submit(simulate, 4);
      const late = () => condorFutures.moduleFunction(new URL('./lib/late.js', import.meta.url), 'late');
      const inJob = await executor.submit(async (fn) => (await fn())(3), late);
      const back = await executor.submit((fn) => (x) => fn(x).described, simulate);
      await executor.shutdown();
      console.log(JSON.stringify([instance instanceof Model, from, inJob, back(9)]));`;
    const own = writeProgram(join(parent, 'own'), { 'below.mjs': source });
    const { stdout } = await promisify(execFile)(process.execPath, ['below.mjs'], {
      cwd: own,
      env: process.env,
    });
    const [name] = readdirSync(join(own, '.condor-futures', 'bundles')) as [string];
    const from = join(own, '.condor-futures', 'bundles', name, 'lib', 'model.js');
    expect(JSON.parse(stdout)).toEqual([true, from, 300, 'good day, 9[1, 2, 3]']);
  });

  it('brings its node along if asked to', async () => {
    const delivery = { method: 'bundle', node: true };
    const run = await runBundled(root, 'LocalExecutor', {
      ...options,
      delivery,
      execArgv: ['--title=brought'],
    });
    expect(run.found[5]).toMatch(new RegExp(`^${directory}/bundles/node-[0-9a-f]{40}$`));
    expect(run.found[6]).toBe('brought');
  });
});
