import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { makeBundle, preloadedPackages, unpackLines } from '../../../lib/delivery/bundle/make-bundle.ts';
import type { Delivered, DeliveryContext } from '../../../lib/delivery/delivery.ts';
import { HTCondorExecutor } from '../../../lib/executors/htcondor-executor.ts';
import { writeProgram } from '../../support/bundled-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const parent = realpathSync(temporaryDirectory());
const root = writeProgram(join(parent, "it's a program"));
const directory = join(parent, 'jobs');

async function make(options: object, more: Partial<DeliveryContext> = {}): Promise<Delivered> {
  return makeBundle({
    options: { ...options },
    directory,
    filesystem: 'shared',
    system: 'HTCondor',
    cwd: join(root, 'data'),
    main: pathToFileURL(join(root, 'main.mjs')).href,
    node: process.execPath,
    execArgv: [],
    submit: {},
    ask: async (delivery) => ({ node: `node of ${delivery as string}`, submit: { a: 1 }, setup: ['asked'] }),
    ...more,
  });
}

describe('A bundle on a shared filesystem', () => {
  it('says where the files of the program are, and where jobs begin', async () => {
    const delivered = await make({});
    const [name] = readdirSync(join(directory, 'bundles')) as [string];
    const bundle = join(directory, 'bundles', name);
    expect(delivered).toEqual({
      node: 'node of shared',
      setup: ['asked'],
      submit: { a: 1, initialdir: join(bundle, 'data') },
      environment: { CONDOR_FUTURES_MOVED_FROM: root, CONDOR_FUTURES_MOVED_TO: bundle },
    });
  });

  it('leaves the jobs where they are told to begin, or have no counterpart', async () => {
    expect((await make({}, { submit: { InitialDir: '/x' } })).submit).toEqual({ a: 1 });
    expect((await make({}, { cwd: parent })).submit).toEqual({ a: 1 });
    expect((await make({ exclude: ['data'] })).submit).toEqual({ a: 1 });
  });

  it('asks another delivery for node', async () => {
    expect((await make({ node: 'path' })).node).toBe('node of path');
    expect((await make({ node: false })).node).toBe('node of shared');
  });

  it('has the packages that are named, on the command line of node too', async () => {
    const withPackage = async (options: object, execArgv: string[] = []): Promise<string[]> => {
      const { environment } = await make(options, { execArgv });
      return readdirSync(join(environment?.['CONDOR_FUTURES_MOVED_TO'] ?? '', 'node_modules'));
    };
    expect(await withPackage({})).toEqual(['greeter', 'polite']);
    expect(await withPackage({ include: ['node_modules/unneeded'] })).toEqual([
      'greeter',
      'polite',
      'unneeded',
    ]);
    expect(await withPackage({}, ['--import', 'unneeded/register'])).toEqual([
      'greeter',
      'polite',
      'unneeded',
    ]);
    // Node finds it elsewhere, or says that it does not.
    expect(await withPackage({}, ['--import=nonesuch'])).toEqual(['greeter', 'polite']);
  });

  it.each<[object, string]>([
    [{ include: ['nonesuch.js'] }, 'is to have nonesuch.js, and there is no'],
    [{ root: '/nonesuch' }, 'has a `root` that is not there: /nonesuch'],
    [{ sizeLimit: 1 }, 'packs no more than 1 bytes, and this is'],
  ])('is refused if it cannot be made: %j', async (options, message) => {
    const error = await thrownBy(make(options));
    expect(error).toMatchObject({ name: 'DeliveryError', method: 'bundle' });
    expect((error as Error).message).toContain(message);
  });
});

describe('A bundle where files are transferred', () => {
  it('is unpacked in the scratch directory of the job, with its node', async () => {
    const delivered = await make({ node: true }, { filesystem: 'transfer' });
    expect(delivered).toMatchObject({ node: 'node', submit: { a: 1 } });
    const scratch = join(parent, "a job's scratch");
    mkdirSync(scratch);
    const files = delivered.files ?? [];
    expect(files).toHaveLength(2);
    for (const file of files) copyFileSync(file, join(scratch, basename(file)));
    const lines = [
      ...(delivered.setup ?? []).filter((line) => line !== 'asked'),
      `exec ${delivered.node} -e '${LOOK}'`,
    ];
    const environment = { _CONDOR_SCRATCH_DIR: scratch, PATH: '/usr/bin:/bin' };
    const printed = execFileSync('/bin/sh', ['-c', lines.join('\n')], {
      cwd: '/',
      env: environment,
      encoding: 'utf8',
    });
    const program = join(scratch, 'condor-futures-program');
    expect(JSON.parse(printed)).toEqual({
      execPath: join(scratch, 'condor-futures-bin', 'node'),
      from: root,
      to: program,
      found: readdirSync(program),
      linked: ['greeter', 'polite'],
    });
  });

  it('says so if it cannot be unpacked', () => {
    const script = unpackLines('/nonesuch.tar.gz', '/home/me', undefined).join('\n');
    let failure: { status?: number; stderr?: Buffer } = {};
    try {
      execFileSync('/bin/sh', ['-c', script], { cwd: '/proc', env: {}, stdio: 'pipe' });
    } catch (error) {
      failure = error as typeof failure;
    }
    expect(failure.status).toBe(69);
    expect(String(failure.stderr)).toMatch(/condor-futures: the program cannot be unpacked in \//);
  });

  const LOOK = `
    const { readdirSync } = require("fs");
    const { CONDOR_FUTURES_MOVED_FROM: from, CONDOR_FUTURES_MOVED_TO: to, _CONDOR_SCRATCH_DIR: scratch } = process.env;
    const { execPath } = process;
    console.log(JSON.stringify({ execPath, from, to, found: readdirSync(to), linked: readdirSync(scratch + "/node_modules") }));`;
});

describe('The options of a bundle', () => {
  it.each<[object, string]>([
    [
      { nod: true },
      "delivery 'bundle' has no option `nod`. Its options: node, root, include, exclude, sizeLimit",
    ],
    [{ node: 7 }, "Expected `node` of delivery 'bundle' to be a boolean or a string or an object"],
    [{ node: 'conda' }, "There is no delivery 'conda'"],
    [{ node: { method: 'container' } }, "Expected `image` of delivery 'container'"],
    [{ node: 'bundle' }, "Expected `node` of delivery 'bundle' to be true or another delivery, got bundle"],
    [{ sizeLimit: 0 }, 'Expected `sizeLimit` to be a whole number from 1 up'],
    [{ include: ['../x'] }, "Expected `include` of delivery 'bundle' to be paths below its root"],
    [{ exclude: 'x' }, "Expected `exclude` of delivery 'bundle' to be an array of strings"],
  ])('are refused with what they may be: %j', (options, message) => {
    const delivery = { method: 'bundle', ...options };
    expect(() => new HTCondorExecutor({ delivery })).toThrow(message);
  });
});

describe('What node loads before anything else', () => {
  it.each([
    [['--import', 'tsx'], ['tsx']],
    [
      ['--import=tsx/esm', '--no-warnings', '-r', '@me/register/x.js'],
      ['tsx', '@me/register'],
    ],
    [['--require', './local.js', '--loader=file:///x.js'], []],
    [['tsx', '--max-old-space-size=1'], []],
  ])('is told by its options: %j', (execArgv, packages) => {
    expect(preloadedPackages(execArgv)).toEqual(packages);
  });
});
