import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { deserialize } from '../../lib/payload/deserialize.ts';
import { preloadsOf } from '../../lib/payload/preload.ts';
import { serialize } from '../../lib/payload/serialize.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';

const PAYLOAD = JSON.stringify(new URL('../../dist/payload/index.js', import.meta.url).href);
const directory = temporaryDirectory();

function write(name: string, text: string): string {
  const file = join(directory, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function run(file: string, input = ''): string {
  const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: '/', encoding: 'utf8', input });
  expect(stderr).toBe('');
  return stdout.trim();
}

// A class, and a module that adds a method to it.
write(
  'node_modules/shapes/package.json',
  '{ "name": "shapes", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
);
write('node_modules/shapes/index.js', 'export class Square { constructor(side) { this.side = side; } }');
write(
  'node_modules/areas/package.json',
  '{ "name": "areas", "version": "1.0.0", "main": "index.mjs", "peerDependencies": { "shapes": "1" } }',
);
write(
  'node_modules/areas/index.mjs',
  `import { Square } from 'shapes'; Square.prototype.area = function () { return this.side ** 2; };`,
);
write('program/setup.mjs', `globalThis.setUp = (globalThis.setUp ?? 0) + 1;`);
const job = write(
  'elsewhere/job.mjs',
  `
  import { readFileSync } from 'node:fs';
  import { deserialize } from ${PAYLOAD};
  const fn = await deserialize(Buffer.from(readFileSync(0, 'utf8'), 'base64'));
  console.log(JSON.stringify(fn()));`,
);

describe('preload', () => {
  it('has modules loaded before the function, from packages and relative to the program', () => {
    const program = write(
      'program/main.mjs',
      `
      import { Square } from 'shapes';
      import 'areas';
      import { serialize } from ${PAYLOAD};
      const square = new Square(3);
      const options = { preload: ['areas', './setup.mjs', './setup.mjs'] };
      console.log(serialize(() => [square.area(), setUp], options).toString('base64'));`,
    );
    expect(run(job, run(program))).toBe('[9,1]');
  });

  it('begins relative names at the current directory under a test runner', () => {
    const [preload] = preloadsOf(['./setup.js']);
    expect(preload?.parent).toBe(pathToFileURL(join(process.cwd(), '[preload]')).href);
  });

  it('names the module that cannot be loaded, and where it is looked for', async () => {
    const bytes = serialize(() => 1, { preload: ['no-such-package'] });
    const error = await thrownBy(deserialize(bytes));
    expect(error).toMatchObject({ name: 'ModuleLoadError', module: 'no-such-package' });
    expect(String(error)).toMatch(/no-such-package of the option `preload` cannot be loaded .*Remedy: /);
    expect(String(error)).toContain(process.cwd());
  });

  it.each(['./setup.js', [5], ['']])('refuses %p', (preload) => {
    expect(() => serialize(() => 1, { preload: preload as string[] })).toThrow(TypeError);
  });
});
