import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { ContainerDelivery } from '../../lib/delivery/methods.ts';
import type { Deliver } from '../../lib/delivery/delivery.ts';
import { registerDelivery, unregisterDelivery } from '../../lib/delivery/methods.ts';
import { HTCondorExecutor, type HTCondorExecutorOptions } from '../../lib/executors/htcondor-executor.ts';
import { NodeUnavailableError } from '../../lib/base/job-errors.ts';
import { runBundled, writeProgram } from '../support/bundled-program.ts';
import { sharedTemporaryDirectory, unsharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const executors: HTCondorExecutor[] = [];
// Before the directory is removed: these run in the order in which they stand here.
afterAll(async () => {
  await Promise.all(executors.map(async (executor) => executor.shutdown({ cancelFutures: true })));
});

const directory = sharedTemporaryDirectory();
const unshared = unsharedTemporaryDirectory();

function open(options: HTCondorExecutorOptions): HTCondorExecutor {
  const submit = { request_memory: 128, request_disk: 1024, ...options.submit };
  const executor = new HTCondorExecutor({ directory, ...options, submit });
  executors.push(executor);
  return executor;
}

/** A directory for a PATH, with a `node` that does this. */
function bin(name: string, script: string, node = 'node'): string {
  const path = join(directory, name);
  mkdirSync(path);
  writeFileSync(join(path, node), `#!/bin/sh\n${script}\n`);
  chmodSync(join(path, node), 0o700);
  return path;
}

describe("The node on the PATH of the job's machine", () => {
  it('is found behind the lines of `setup`', async () => {
    const path = bin('good', `exec ${process.execPath} --title=found "$@"`);
    const executor = open({ delivery: 'path', setup: [`PATH=${path}:/usr/bin:/bin`] });
    expect(await executor.submit(() => process.title)).toBe('found');
  });

  it('may be missing, which the call says with where it was searched', async () => {
    const executor = open({ delivery: 'path', setup: ['PATH=/usr/bin:/nonesuch'] });
    const future = executor.submit(() => 1);
    const error = (await thrownBy(future)) as NodeUnavailableError;
    expect(error).toBeInstanceOf(NodeUnavailableError);
    expect(error).toMatchObject({ searched: '/usr/bin:/nonesuch', found: undefined, exitCode: 69 });
    expect(error.message).toMatch(
      /^Job \d+\.\d+ on \S+ found no node on PATH \(on \S+, PATH \/usr\/bin:\/nonesuch\)\. Remedy: `setup` lines/,
    );
  });

  it('may be too old, which the call says with what was found', async () => {
    const path = bin('old', 'echo v18.19.0');
    const executor = open({ delivery: 'path', setup: [`PATH=${path}:/usr/bin`] });
    const error = await thrownBy(executor.submit(() => 1));
    expect(error).toMatchObject({ found: join(path, 'node'), version: 'v18.19.0' });
    expect((error as Error).message).toContain(
      `found ${path}/node, which is node v18.19.0, and 20.19 or newer is needed`,
    );
  });

  it('may have another name', async () => {
    const path = bin('other', `exec ${process.execPath} --title=other "$@"`, 'node22');
    const executor = open({ delivery: { method: 'path', node: 'node22' }, setup: [`PATH=${path}:/usr/bin`] });
    expect(await executor.submit(() => process.title)).toBe('other');
  });
});

describe('A bundle', () => {
  const submit = { request_memory: 128, request_disk: 1024 };
  const jobs = join(directory, 'bundled');

  it('has the program where machines do not see it, and the node that runs it', async () => {
    mkdirSync(jobs, { mode: 0o700 });
    const root = writeProgram(join(directory, 'program'));
    const run = await runBundled(root, 'HTCondorExecutor', {
      directory: jobs,
      submit,
      delivery: { method: 'bundle', node: true },
    });
    const bundles = readdirSync(join(jobs, 'bundles')).toSorted();
    expect(bundles).toEqual([
      expect.stringMatching(/^[0-9a-f]{40}$/),
      expect.stringMatching(/^node-[0-9a-f]{40}$/),
    ]);
    const [bundle, node] = bundles.map((name) => join(jobs, 'bundles', name)) as [string, string];
    expect(run).toMatchObject({
      described: 'good day, 1[1, 2, 3]',
      from: join(bundle, 'lib', 'model.js'),
      isModel: true,
      found: [100, 'good day,', '[1, 2, 3]', bundle, bundle, node, expect.anything(), false],
      later: 500,
      isError: true,
    });
    expect(run.stack).toContain(join(root, 'lib', 'model.js'));
  });

  it('is brought where files are transferred, with node', async () => {
    const root = writeProgram(join(unshared, 'program'));
    const transferred = join(unshared, `jobs, "mine"`);
    const run = await runBundled(root, 'HTCondorExecutor', {
      directory: transferred,
      filesystem: 'transfer',
      submit: { request_memory: 128, request_disk: '400MB' },
      delivery: { method: 'bundle', node: true },
    });
    expect(readdirSync(join(transferred, 'bundles')).toSorted()).toEqual([
      expect.stringMatching(/^[0-9a-f]{40}\.tar\.gz$/),
      expect.stringMatching(/^node-[0-9a-f]{40}\.gz$/),
    ]);
    const scratch = run.found[4] as string;
    const bundle = join(scratch, 'condor-futures-program');
    const node = join(scratch, 'condor-futures-bin', 'node');
    expect(run).toMatchObject({
      described: 'good day, 1[1, 2, 3]',
      from: expect.stringMatching(/\/condor-futures-program\/lib\/model\.js$/),
      isModel: true,
      found: [100, 'good day,', '[1, 2, 3]', bundle, scratch, node, expect.anything(), false],
      later: 500,
      isError: true,
    });
    expect(run.stack).toContain(join(root, 'lib', 'model.js'));
  });

  it('may leave node to the PATH of the machine', async () => {
    const executor = open({
      delivery: { method: 'bundle', root: join(directory, 'program'), node: 'path' },
      directory: jobs,
      setup: ['PATH=/nonesuch:/usr/bin'],
    });
    expect(await thrownBy(executor.submit(() => 1))).toMatchObject({
      name: 'NodeUnavailableError',
      searched: '/nonesuch:/usr/bin',
    });
  });
});

describe('A container', () => {
  // The pool of these specs has no container runtime: its jobs come as far as the queue.
  it.each<[ContainerDelivery['universe'], string, object, RegExp]>([
    [
      'container',
      'docker://node:20',
      { WantContainer: true, ContainerImage: 'docker://node:20', WantDockerImage: true },
      /TARGET\.HasContainer && TARGET\.HasDockerURL/,
    ],
    ['docker', 'docker://node:20', { WantDocker: true, DockerImage: 'node:20' }, /TARGET\.HasDocker\b/],
    ['apptainer', '/images/node.sif', { SingularityImage: '/images/node.sif' }, /TARGET\.HasSingularity\b/],
  ])(
    'of the universe %s is asked for, where a machine has what it needs',
    async (universe, image, ad, needs) => {
      const delivery = { method: 'container', image, universe } as const;
      const future = open({ delivery }).submit(() => 1);
      const { Requirements, ...found } = await future.classAd();
      expect(found).toMatchObject(ad);
      expect(String(Requirements)).toMatch(needs);
      const analysis = await future.analyze();
      expect(analysis).toMatch(needs);
      expect(analysis).toMatch(/No machines matched/i);
      expect(future.cancel()).toBe(true);
    },
  );
});

describe('A registered method of delivery', () => {
  afterAll(() => unregisterDelivery('spec'));

  const one: Deliver = async ({ options, system, node }) => {
    await new Promise((resolve) => setImmediate(resolve));
    return {
      node: 'a-node',
      setup: [
        `mkdir "$_CONDOR_SCRATCH_DIR/bin"`,
        `ln -s ${node} "$_CONDOR_SCRATCH_DIR/bin/a-node"`,
        'PATH=$_CONDOR_SCRATCH_DIR/bin:/bin',
      ],
      submit: { requirements: 'TARGET.Cpus > 0', '+DeliveredBy': `"${system} ${String(options['for'])}"` },
      environment: { DELIVERED: 'yes', MINE: 'no' },
    };
  };

  it('says which node the jobs run, and what they need', async () => {
    registerDelivery('spec', one);
    const executor = open({
      delivery: { method: 'spec', for: 'spec' },
      submit: { requirements: 'TARGET.TotalCpus > 0' },
      environment: { MINE: 'mine' },
    });
    const future = executor
      .with({ submit: { requirements: 'TARGET.TotalSlots > 0' } })
      .submit(() => [process.argv0, process.env['DELIVERED'], process.env['MINE']]);
    expect(await future).toEqual(['a-node', 'yes', 'mine']);
    const { DeliveredBy, Requirements } = await future.classAd();
    expect(DeliveredBy).toBe('HTCondor spec');
    expect(String(Requirements)).toContain(
      '((TARGET.Cpus > 0) && (TARGET.TotalCpus > 0)) && (TARGET.TotalSlots > 0)',
    );
  });

  it('may have files brought to the jobs, which are there by their names', async () => {
    unregisterDelivery('spec');
    const own = [join(unshared, 'tool.sh'), join(unshared, 'with', 'in', 'data.txt')];
    mkdirSync(join(unshared, 'with', 'in'), { recursive: true });
    for (const file of own) writeFileSync(file, `echo ${file}`, { mode: 0o700 });
    registerDelivery('spec', ({ node, filesystem }) => ({
      node,
      files: filesystem === 'transfer' ? own : [],
      setup: ['export TOLD=$(cat "$_CONDOR_SCRATCH_DIR"/tool.sh "$_CONDOR_SCRATCH_DIR"/data.txt)'],
    }));
    for (const place of [join(unshared, 'with'), join(unshared, 'others')]) {
      const executor = open({ delivery: 'spec', filesystem: 'transfer', directory: place });
      expect(await executor.submit(() => process.env['TOLD'])).toBe(
        own.map((file) => `echo ${file}`).join(''),
      );
    }
    const executor = open({ delivery: 'spec', filesystem: 'transfer', directory: join(unshared, 'map') });
    const told = await executor.createMap(() => process.env['TOLD'], [1], { tag: 'told' });
    expect(await told.get(0)).toContain('tool.sh');
    // Also for one that knows of the map only what is on the disk.
    const loaded = await executor.loadMap('told');
    expect(await loaded.rerun([0])).toEqual([0]);
    expect(await loaded.get(0)).toContain('tool.sh');
    await loaded.remove();
    unregisterDelivery('spec');
    registerDelivery('spec', one);
  });

  it('goes on where another process attaches', async () => {
    const options = { delivery: 'spec', directory: join(directory, 'attached') };
    const executor = open(options);
    const running = executor.submit(() => new Promise(() => setInterval(() => {}, 1000)));
    await until(() => running.running());
    const id = await executor.detach();
    await thrownBy(running);
    const attached = await HTCondorExecutor.attach(id, { directory: options.directory });
    executors.push(attached);
    const future = attached
      .with({ submit: { request_memory: 128, request_disk: 1024 } })
      .submit(() => process.argv0);
    expect(await future).toBe('a-node');
    expect((await future.classAd())['DeliveredBy']).toBe('HTCondor undefined');
    expect(attached.futures[0]?.cancel()).toBe(true);
  });

  it('is asked once for a job set, and again if it failed', async () => {
    unregisterDelivery('spec');
    let asked = 0;
    registerDelivery('spec', ({ node }) => {
      asked += 1;
      if (asked === 1) throw new Error('not yet');
      return { node };
    });
    const executor = open({ delivery: 'spec' });
    expect(await thrownBy(executor.submit(() => 1))).toMatchObject({ name: 'DeliveryError', method: 'spec' });
    expect(await executor.submit(() => 1)).toBe(1);
    expect(await executor.submit(() => 2)).toBe(2);
    expect(asked).toBe(2);
  });
});
