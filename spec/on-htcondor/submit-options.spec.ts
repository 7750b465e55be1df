import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor, type HTCondorExecutorOptions } from '../../lib/executors/htcondor-executor.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const executors: HTCondorExecutor[] = [];
// Before the directory is removed: these run in the order in which they stand here.
afterAll(async () => {
  await Promise.all(executors.map(async (executor) => executor.shutdown({ cancelFutures: true })));
});

const directory = sharedTemporaryDirectory();

function open(options: HTCondorExecutorOptions = {}): HTCondorExecutor {
  const submit = { request_memory: 128, request_disk: 1024, ...options.submit };
  const executor = new HTCondorExecutor({ directory, ...options, submit });
  executors.push(executor);
  return executor;
}

/** To be submitted: the line of the job's own ClassAd that sets an attribute, as HTCondor writes it for the job. */
async function attribute(name: string): Promise<string | undefined> {
  const { readFileSync: read } = await import('node:fs');
  const ad = read(process.env['_CONDOR_JOB_AD'] as string, 'utf8');
  const line = ad.split('\n').find((text) => text.startsWith(`${name} = `));
  return line?.slice(`${name} = `.length);
}

/** Of all processes, as all users can see them. */
function commandLines(): string {
  const lines = readdirSync('/proc').map((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8');
    } catch {
      return ''; // no process, or one that has ended meanwhile
    }
  });
  return lines.join('\n');
}

const NASTY = [
  'plain',
  '',
  '  padded  ',
  `it's "quoted" and 'quoted'`,
  'back\\slash and \\',
  '$HOME $(ClusterId) $$(Arch) $$([1+1]) $ENV(PATH) $(DOLLAR) $INT(x) $',
  'a;b|c,d=e #f %g ^h @=end `i` {j}',
  'tab\tand naïve 模型 😀',
  'two\nlines\r\n \u2028 \u0085',
  'x'.repeat(100_000),
];

/** Values that separate, end or begin something somewhere. */
const NOTES = [
  'a b  c',
  'a, b,,c',
  'x\ty',
  ") x (' ') queue 7",
  'costs $5, or 6 % # 7; @=end',
  'executable = /bin/false',
  'naïve 模型',
  ' padded ',
];

describe('The options of HTCondorExecutor', () => {
  it('put variables into the environment of jobs, whatever characters they have', async () => {
    const environment = Object.fromEntries(NASTY.map((value, index) => [`NASTY_${index}`, value]));
    const names = Object.keys(environment);
    const future = open({ environment }).submit(
      (wanted: string[]) => wanted.map((name) => process.env[name]),
      names,
    );
    expect(await future).toEqual(NASTY);
  });

  it('put no value of a variable, and nothing of a call, where other users can read it', async () => {
    const executor = open({ environment: { TOKEN: 'se-cret-1' }, setup: ['export MORE=se-cret-2'] });
    const secret = 'se-cret-3';
    const future = executor.submit(async (_argument: string) => {
      console.log(process.env['TOKEN'], process.env['MORE'], secret.length);
      await new Promise(() => setInterval(() => {}, 1000));
    }, 'se-cret-4');
    await until(async () => (await future.stdout()).startsWith('se-cret-1 se-cret-2 9'));
    const id = future.jobId as string;
    const queue = execFileSync('condor_q', ['-l', id], { encoding: 'utf8' });
    expect(queue).toMatch(/^Arguments = /m);
    const processes = commandLines();
    expect(processes).toContain(executor.jobSetDirectory);
    const log = readFileSync(join(executor.jobSetDirectory as string, 'events.log'), 'utf8');
    for (const text of [queue, processes, log]) expect(text).not.toContain('se-cret');
    future.cancel();
  });

  it('leave to HTCondor the variables that only it can know, and no others', async () => {
    const environment = { _CONDOR_SCRATCH_DIR: '/wrong', TMPDIR: '/mine', PATH: '/usr/bin:/bin' };
    const future = open({ environment }).submit(() => [
      process.env['_CONDOR_SCRATCH_DIR'] !== '/wrong',
      process.env['TMPDIR'],
      process.env['PATH'],
    ]);
    expect(await future).toEqual([true, '/mine', '/usr/bin:/bin']);
  });

  it('copy variables by name, and leave out those that are not set', async () => {
    process.env['CONDOR_FUTURES_COPIED'] = 'yes $(x)';
    const future = open({ environment: ['CONDOR_FUTURES_COPIED', 'CONDOR_FUTURES_UNSET'] }).submit(() => [
      process.env['CONDOR_FUTURES_COPIED'],
      'CONDOR_FUTURES_UNSET' in process.env,
    ]);
    expect(await future).toEqual(['yes $(x)', false]);
  });

  it('put submit commands into the job as they are', async () => {
    const submit = {
      batch_name: `naïve 模型 "and" 'so' costs $5`,
      '+Note': '"say \\"hi\\" for $5, naïve"',
      'MY.Number': 42,
      request_memory: '64MB',
    };
    const executor = open({ submit });
    const futures = ['JobBatchName', 'Note', 'Number', 'RequestMemory'].map((name) =>
      executor.submit(attribute, name),
    );
    expect(await Promise.all(futures)).toEqual([
      `"naïve 模型 \\"and\\" 'so' costs $5"`,
      '"say \\"hi\\" for $5, naïve"',
      '42',
      '64',
    ]);
  });

  it('may differ from call to call', async () => {
    const executor = open({ submit: { '+Common': 1, '+Special': 1 } });
    const special = executor.with({ submit: { '+Special': 2 } });
    const futures = [
      executor.submit(attribute, 'Special'),
      special.submit(attribute, 'Special'),
      special.submit(attribute, 'Common'),
    ];
    expect(await Promise.all(futures)).toEqual(['1', '2', '1']);
  });

  it('hold together, if they are requirements, and are of one name however it is written', async () => {
    const executor = open({ submit: { requirements: 'MY.One =?= undefined', '+Special': 1 } });
    const inner = executor.with({ submit: { Requirements: 'MY.Two =?= undefined', 'MY.SPECIAL': 2 } });
    const [requirements, special] = await Promise.all(
      ['Requirements', 'SPECIAL'].map((name) => inner.submit(attribute, name)),
    );
    expect(requirements).toContain('((MY.One =?= undefined) && (MY.Two =?= undefined))');
    expect(special).toBe('2');
  });

  it('run setup lines before node, name the node, and give it options', async () => {
    const setup = [
      'FROM_SETUP="it\'s $((6 * 7))"',
      'export FROM_SETUP',
      `PATH=${join(process.execPath, '..')}:/usr/bin:/bin`,
    ];
    const executor = open({ setup, node: 'node', execArgv: ['--title=worker $x'] });
    const future = executor.submit(() => [process.env['FROM_SETUP'], process.execArgv]);
    expect(await future).toEqual(["it's 42", ['--title=worker $x']]);
  });

  it('name the pool and the schedd', async () => {
    const schedd = execFileSync('condor_status', ['-schedd', '-af', 'Name'], { encoding: 'utf8' }).split(
      '\n',
    )[0] as string;
    const pool = execFileSync('condor_config_val', ['COLLECTOR_HOST'], { encoding: 'utf8' }).trim();
    const executor = open({ schedd, pool });
    expect(await executor.submit(() => 1)).toBe(1);
    const running = executor.submit(() => new Promise(() => setInterval(() => {}, 1000)));
    await until(() => running.running());
    expect(running.cancel()).toBe(true);
  });

  it('take a directory of any name', async () => {
    const executor = open({ directory: join(directory, `it's a "näive" 模型 {dir} # $5, %x`) });
    expect(await executor.submit(() => 1)).toBe(1);
  });

  it('may ask for file transfer, where output is seen while the call runs all the same', async () => {
    const executor = open({ submit: { should_transfer_files: 'YES' } });
    const future = executor.submit(() => {
      console.log('begun in', process.cwd());
      return new Promise(() => setInterval(() => {}, 1000));
    });
    await until(async () => (await future.stdout()).startsWith('begun in'));
    expect(await future.stdout()).not.toContain(process.cwd());
    future.cancel();
  });

  it('find outcomes by sweeping the directory', async () => {
    const executor = open({ watch: 'sweep' });
    const futures = Array.from({ length: 20 }, (_, index) => executor.submit((x: number) => x * x, index));
    expect(await Promise.all(futures)).toEqual(futures.map((_, index) => index ** 2));
  });
});

describe('Options that differ from call to call', () => {
  it('go into one cluster, and each job has its own', async () => {
    const executor = open();
    const futures = Array.from({ length: 200 }, (_, index) =>
      executor
        .with({ submit: { request_memory: 100 + index, '+Note': `"${NOTES[index % NOTES.length]}"` } })
        .submit(() => 0),
    );
    await until(() => futures.at(-1)?.jobId !== undefined);
    const ads = await Promise.all(futures.map(async (future) => future.classAd()));
    expect(ads.map((ad) => ad['RequestMemory'])).toEqual(futures.map((_, index) => 100 + index));
    expect(ads.map((ad) => ad['Note'])).toEqual(futures.map((_, index) => NOTES[index % NOTES.length]));
    const clusters = new Set(futures.map(({ jobId }) => jobId?.split('.')[0]));
    expect(clusters.size).toBe(1);
    for (const future of futures) future.cancel();
  });

  it('go elsewhere where a cluster has one value only', async () => {
    const executor = open();
    const submits = [{ nice_user: true }, { nice_user: false }, { '+Note': '"$ ,"' }, { '+Note': '"a"' }];
    const futures = submits.map((submit) => executor.with({ submit }).submit(() => 0));
    await until(() => futures.at(-1)?.jobId !== undefined);
    const ads = await Promise.all(futures.map(async (future) => future.classAd()));
    expect(ads.map((ad) => [ad['AcctGroup'], ad['Note']])).toEqual([
      ['nice-user', undefined],
      [undefined, undefined],
      [undefined, '$ ,'],
      [undefined, 'a'],
    ]);
    expect(new Set(ads.map((ad) => ad['ClusterId'])).size).toBe(4);
    for (const future of futures) future.cancel();
  });
});

describe('All calls of a tick', () => {
  it('are procs of one cluster, in their order, with jobs in the current directory', async () => {
    const executor = open();
    const futures = Array.from({ length: 100 }, () => executor.submit(() => process.cwd()));
    expect(new Set(await Promise.all(futures))).toEqual(new Set([process.cwd()]));
    const [cluster] = futures[0]?.jobId?.split('.') ?? [];
    expect(futures.map((future) => future.jobId)).toEqual(futures.map((_, proc) => `${cluster}.${proc}`));
  });
});
