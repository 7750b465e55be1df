import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { isForced, mayReference } from '../../../lib/payload/reference/module-policy.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { twoProcesses } from './two-processes.ts';

const directory = temporaryDirectory();
const lib = join(directory, 'lib', 'a.js');
const packaged = join(directory, 'node_modules', '@scope', 'pack', 'node_modules', 'inner', 'index.js');
mkdirSync(join(directory, 'lib'));
mkdirSync(join(packaged, '..'), { recursive: true });
writeFileSync(join(directory, 'package.json'), '{ "name": "mine" }');
writeFileSync(join(packaged, '..', 'package.json'), '{ "name": "inner", "version": "1.0.0" }');

const url = (path: string): string => pathToFileURL(path).href;

describe('a module that a job may load', () => {
  it.each(['a.js', 'a.mjs', 'a.cjs', 'a.node', 'program', 'a.mjs?version=2'])(
    'is a file such as %s',
    (name) => {
      expect(mayReference(`file:///some/${name}`)).toBe(true);
    },
  );

  it.each([
    'file:///some/a.ts',
    'file:///some/a.tsx',
    'file:///some/a.json',
    'file:///some/[eval1]',
    'file:///some/[stdin]',
    '[eval]',
    'REPL1',
    'evalmachine.<anonymous>',
    'data:text/javascript,1',
    'https://example.org/a.js',
    'node:fs',
    '',
  ])('is not one such as %j', (name) => {
    expect(mayReference(name)).toBe(false);
  });

  it.each<[string, string | RegExp]>([
    ['its file', lib],
    ['its URL', url(lib)],
    ['a directory', join(directory, 'lib')],
    ['a directory with a slash', join(directory, 'lib/')],
    ['the URL of a directory', url(directory)],
    ['a pattern for its URL', /lib\/\w\.js$/g],
    ['the package that it is a part of', 'mine'],
  ])('can be told to travel by %s', (_, pattern) => {
    expect(mayReference(url(lib), { byValue: [pattern] })).toBe(false);
    expect(mayReference(url(lib), { byValue: [pattern], byReference: [pattern] })).toBe(false);
    expect(mayReference(lib, { byValue: [pattern] })).toBe(false);
  });

  it.each<string | RegExp>(['lib', './lib/a', join(directory, 'li'), 'mine/lib', /\.ts$/])(
    'is not meant by another name: %s',
    (pattern) => {
      expect(mayReference(url(lib), { byValue: [pattern] })).toBe(true);
    },
  );

  it('is a part of the innermost package', () => {
    expect(mayReference(url(packaged), { byValue: ['inner'] })).toBe(false);
    expect(mayReference(url(packaged), { byValue: ['@scope/pack', 'mine'] })).toBe(true);
  });

  it('may be forced, where jobs have a loader for it', () => {
    const typed = url(join(directory, 'lib', 'a.ts'));
    expect(mayReference(typed)).toBe(false);
    expect(mayReference(typed, { byReference: [/\.ts$/] })).toBe(true);
    expect(isForced(typed, { byReference: [/\.ts$/] })).toBe(true);
    expect(isForced(typed)).toBe(false);
  });
});

describe('the program itself', () => {
  const { run, directory: home } = twoProcesses();
  const question = `
    import { createRequire } from 'node:module';
    const { mayReference } = createRequire(${JSON.stringify(join(home, 'x'))})('./capture.cjs');
    const url = import.meta.url;
    const forced = { byReference: [/./] };
  `;
  const answer =
    'console.log(JSON.stringify([mayReference(url), mayReference(url, forced), mayReference(other)]));';

  it('is no module to load, even if forced', () => {
    const other = 'const other = new URL("./other.mjs", url).href;';
    expect(run(question + other + answer)).toEqual([false, false, true]);
  });

  it('is neither by another path to it, nor without its extension', () => {
    const other = `const other = 'file://${home}/capture.cjs';`;
    const program = `${question}${other}${answer}`.replaceAll(
      /import \{ (\w+) \} from ('[^']+')/g,
      'const { $1 } = require($2)',
    );
    const commonjs = program.replace('import.meta.url', `require('node:url').pathToFileURL(__filename).href`);
    expect(run(commonjs, { name: 'main.cjs' })).toEqual([false, false, true]);
    expect(run(commonjs, { name: 'extensionless.js', as: 'extensionless' })).toEqual([false, false, true]);
  });

  it('is the file of a worker thread, and in it that of the process', () => {
    writeFileSync(
      join(home, 'worker.mjs'),
      `import { parentPort, workerData } from 'node:worker_threads';
       ${question}
       parentPort.postMessage([mayReference(url), mayReference(workerData), mayReference('file:///some/other.mjs')]);`,
    );
    const program = `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: import.meta.url });
      worker.on('message', (found) => console.log(JSON.stringify(found)));
    `;
    expect(run(program)).toEqual([false, false, true]);
  });

  it('is in a job that of the process that submitted it', () => {
    const other = `const other = 'file:///the/submitter.mjs';`;
    const env = { CONDOR_FUTURES_JOB: 'file:///the/submitter.mjs' };
    expect(run(question + other + answer, { env })).toEqual([false, false, false]);
  });
});
