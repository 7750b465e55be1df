import { describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const parent = temporaryDirectory();

const PROGRAM = `
import { LocalExecutor } from '${join(ROOT, 'dist/index.js')}';
class Model {
  #weight;
  constructor(weight) {
    this.#weight = weight;
  }
  predict(x) {
    return this.#weight * x;
  }
}
async function main() {
  const executor = new LocalExecutor({ directory: 'jobs' });
  let calls = 0;
  const model = new Model(0.5);
  const predict = (x) => {
    calls += 1;
    return [model.predict(x), read()];
  };
  const read = () => calls;
  try {
    console.log(JSON.stringify(await executor.submit(predict, 42)));
    console.log((await executor.submit((weight) => new Model(weight), 2)) instanceof Model);
  } catch (error) {
    console.log(error.message);
  }
  await executor.shutdown();
}
main();
`;

/** Runs the bundled program in a directory of its own, and returns what it prints. */
function run(format: 'esm' | 'cjs', isInstalled: boolean, minify: boolean): string {
  const directory = mkdtempSync(join(parent, 'bundle-'));
  const file = join(directory, format === 'esm' ? 'program.mjs' : 'program.cjs');
  const { outputFiles } = buildSync({
    stdin: { contents: PROGRAM, resolveDir: ROOT },
    bundle: true,
    write: false,
    platform: 'node',
    format,
    minify,
    logLevel: 'error',
  });
  writeFileSync(file, outputFiles[0]?.text ?? '');
  if (isInstalled) {
    const own = join(directory, 'node_modules', 'condor-futures');
    mkdirSync(own, { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
    for (const name of ['runner.cjs', 'runner-code.js'])
      cpSync(join(ROOT, 'dist', name), join(own, 'dist', name));
  }
  return execFileSync(process.execPath, [file], { cwd: directory, env: process.env, encoding: 'utf8' });
}

describe('A program that has condor-futures in its bundle', () => {
  it.each([
    ['esm', false],
    ['esm', true],
    ['cjs', false],
    ['cjs', true],
  ] as const)('submits calls where the package is installed (%s, minified: %s)', (format, minify) => {
    expect(run(format, true, minify)).toBe('[21,1]\ntrue\n');
  });

  it.each(['esm', 'cjs'] as const)('says what to do where it is not (%s)', (format) => {
    const [line, ...others] = run(format, false, true).trimEnd().split('\n');
    expect(line).toMatch(
      /^The delivery 'shared' needs files of condor-futures \d+\.\d+\.\d+ that are not there/,
    );
    expect(line).toContain('Remedy: leave condor-futures out of the bundle');
    expect(others).toEqual([]);
  });
});
