import { execFile } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { builtModule } from './built-file.ts';

/** A small program with a module, data and packages of its own, and what is not to be packed. */
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{"name":"simulation","type":"module","dependencies":{"greeter":"1.0.0"}}',
  'node_modules/greeter/package.json':
    '{"name":"greeter","version":"1.0.0","type":"module","exports":"./index.js","dependencies":{"polite":"2.0.0"}}',
  'node_modules/greeter/index.js':
    "import polite from 'polite'; export const greet = (x) => polite() + ' ' + x;",
  'node_modules/polite/package.json': '{"name":"polite","version":"2.0.0"}',
  'node_modules/polite/index.js': "module.exports = () => 'good day,';",
  'node_modules/unneeded/package.json': '{"name":"unneeded","version":"1.0.0"}',
  '.git/HEAD': 'ref: refs/heads/main',
  '.env': 'TOKEN=secret',
  'data/table.json': '[1, 2, 3]',
  'lib/model.js': `
    import { readFileSync } from 'node:fs';
    import { greet } from 'greeter';
    export class ModelError extends Error {}
    export class Model {
      constructor(x) { this.x = x; }
      describe() { return greet(this.x) + readFileSync(new URL('../data/table.json', import.meta.url)); }
    }
    export function simulate(x) {
      if (x < 0) throw new ModelError('negative');
      return { instance: new Model(x), described: new Model(x).describe(), from: import.meta.filename };
    }`,
  'lib/late.js': 'export const late = (x) => x * 100;',
  'main.mjs': `
    import * as condorFutures from ${JSON.stringify(builtModule('index'))};
    import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import { Model, ModelError, simulate } from './lib/model.js';

    const { name, options } = JSON.parse(process.argv[2]);
    const root = import.meta.dirname;
    // The jobs begin when their machine sees no program any more, if it ever does.
    const isSeen = options.filesystem !== 'transfer';
    const setup = isSeen ? ['while [ -e ' + root + ' ]; do sleep 0.05; done'] : [];
    const executor = new condorFutures[name]({ setup, ...options });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
    const gate = options.directory + '/loaded-' + process.pid + '-';
    const inJob = async (fn, x) => {
      const came = await Promise.resolve().then(() => fn(x)).then((value) => ({ value }), (error) => ({ error }));
      if (isSeen) writeFileSync(gate + x, '');
      // What comes home is loaded from where the program is.
      while (isSeen && !existsSync(root)) await new Promise((resolve) => setTimeout(resolve, 20));
      if ('error' in came) throw came.error;
      return came.value;
    };
    const here = async () => [
      (await import('./lib/late.js')).late(1),
      createRequire(import.meta.url)('polite')(),
      readFileSync(new URL('./data/table.json', import.meta.url), 'utf8'),
      import.meta.dirname, process.cwd(), process.execPath, process.title, existsSync(root),
    ];
    const calls = [[simulate, 1], [here, 2], [simulate, -3]];
    const futures = calls.map(([fn, x]) => executor.submit(inJob, fn, x));
    const byName = executor.submit(condorFutures.moduleFunction(new URL('./lib/late.js', import.meta.url), 'late'), 5);
    if (isSeen) {
      while (![...futures, byName].every((future) => future.running())) await pause();
      renameSync(root, root + '.away');
      while (!calls.every(([, x]) => existsSync(gate + x)) && !futures.some((future) => future.done())) await pause();
    }
    const later = await byName.catch(String);
    if (isSeen) renameSync(root + '.away', root);
    const [simulated, found, failed] = await Promise.allSettled(futures);
    await executor.shutdown();
    const { instance, ...rest } = simulated.value ?? (() => { throw simulated.reason; })();
    const { reason } = failed;
    console.log(JSON.stringify({
      ...rest, isModel: instance instanceof Model, again: instance.describe(),
      found: found.value ?? String(found.reason), later,
      isError: reason instanceof ModelError, stack: String(reason.stack),
    }));`,
};

/** What the program prints. */
export interface BundledRun {
  readonly described: string;
  readonly from: string;
  readonly isModel: boolean;
  readonly again: string;
  readonly found: readonly unknown[];
  readonly later: number;
  readonly isError: boolean;
  readonly stack: string;
}

/** Writes the program into a directory. */
export function writeProgram(root: string, more: Readonly<Record<string, string>> = {}): string {
  for (const [path, text] of Object.entries({ ...FILES, ...more })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return realpathSync(root);
}

/** Runs the program, which is not where it was as long as its jobs load what they need. */
export async function runBundled(
  root: string,
  name: 'LocalExecutor' | 'HTCondorExecutor',
  options: { readonly directory: string; readonly [option: string]: unknown },
): Promise<BundledRun> {
  const args = [join(root, 'main.mjs'), JSON.stringify({ name, options })];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: process.env,
  });
  return JSON.parse(stdout) as BundledRun;
}
