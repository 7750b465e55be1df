import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { TURNED_AWAY } from '../../lib/job-set/names.ts';
import { gatherLines, pathInScratch, transferScript } from '../../lib/job-set/job-script.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const ID = 'the-set';
const parent = temporaryDirectory();
let jobs = 0;

interface Job {
  /** Its own directory, in which the script finds what has travelled. */
  readonly scratch: string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

/** Runs the script of a job as HTCondor does, with a program in the place of the runner. */
function startJob(runner: string, more: { node?: string; setup?: string[]; revoked?: boolean } = {}): Job {
  jobs += 1;
  const scratch = join(parent, `job ${jobs}`);
  const copy = join(scratch, ID);
  mkdirSync(join(copy, 'revoked'), { recursive: true, mode: 0o775 });
  if (more.revoked === true) writeFileSync(join(copy, 'revoked', '4'), '');
  writeFileSync(join(copy, 'runner.cjs'), runner);
  const { node = process.execPath, setup = [] } = more;
  const environment = { variables: { COLOUR: "it's red" } };
  writeFileSync(
    join(copy, 'run.sh'),
    transferScript(ID, { runner: '', node, execArgv: [], environment, setup }),
  );
  const child = spawn('/bin/sh', [`${ID}/run.sh`, '7-2', '3', '0', '17', 'abc', '4'], {
    cwd: scratch,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Awaited<Job['ended']>>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, stderr })),
  );
  return { scratch, ended, signal: (signal) => void child.kill(signal) };
}

/** What is to go back. */
function outcomeOf({ scratch }: Job): string {
  expect(statSync(join(scratch, ID, 'files', '7-2')).isDirectory()).toBe(true);
  return readFileSync(join(scratch, ID, 'outcomes', '7-2'), 'utf8');
}

describe('Files that are brought to a job', () => {
  it('lie in its own directory, wherever they come from', () => {
    expect(pathInScratch('/my/jobs', '/my/jobs/bundles/x.gz')).toBe('bundles/x.gz');
    expect(pathInScratch('/my/jobs', '/my/jobs-too/x.gz')).toBeUndefined();
    const [from, to] = [String.raw`'bundles/it'\''s'`, String.raw`'it'\''s'`].map(
      (name) => `"$condor_futures_scratch"/${name}`,
    );
    expect(gatherLines('/my/jobs', ['/opt/x.gz', '/my/jobs/y.gz', "/my/jobs/bundles/it's"])).toEqual([
      `[ ! -e ${from} ] || mv ${from} ${to}`,
    ]);
  });
});

describe('The script of a job whose files are transferred', () => {
  it('tells the runner where its copy of the job set is, and what its call is', async () => {
    const job = startJob(
      `require('node:fs').writeFileSync('told', JSON.stringify([process.cwd(), process.argv.slice(2), process.env.COLOUR]))`,
    );
    expect(await job.ended).toEqual({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(readFileSync(join(job.scratch, 'told'), 'utf8'))).toEqual([
      job.scratch,
      [join(job.scratch, ID), '7-2', '3', '0', '17', 'abc', 'transferred'],
      "it's red",
    ]);
    expect(statSync(join(job.scratch, ID)).mode & 0o022).toBe(0);
  });

  it.each<[how: string, runner: string, code: number | null, signal: string | null]>([
    ['an exit code', 'process.exit(3)', 3, null],
    ['SIGKILL', "process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)", null, 'SIGKILL'],
    ['SIGTERM', "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)", null, 'SIGTERM'],
    ['an exit code that no signal has', 'process.exit(255)', 255, null],
    [
      'an exit code, after it has removed all that it could',
      "require('node:child_process').execSync('rm -rf ./*'); process.exit(4)",
      4,
      null,
    ],
  ])(
    'ends by %s as the runner does, with all that is to go back in its place',
    async (_, runner, code, signal) => {
      const job = startJob(runner);
      expect(await job.ended).toEqual({ code, signal, stderr: '' });
      expect(outcomeOf(job)).toBe('');
    },
  );

  it('leaves the outcome that there is', async () => {
    const job = startJob(`require('node:fs').writeFileSync('${ID}/outcomes/7-2', 'value')`);
    await job.ended;
    expect(outcomeOf(job)).toBe('value');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)(
    'passes %s on to the runner',
    async (signal) => {
      const job = startJob(
        `const { writeFileSync } = require('node:fs');
       process.on('${signal}', () => { writeFileSync('${ID}/outcomes/7-2', 'saved'); process.exit(6); });
       setInterval(() => {}, 1000);
       writeFileSync('ready', '');`,
      );
      await until(() => existsSync(join(job.scratch, 'ready')));
      job.signal(signal);
      expect(await job.ended).toEqual({ code: 6, signal: null, stderr: '' });
      expect(outcomeOf(job)).toBe('saved');
    },
  );

  it.each([['exit 9'], ['set -e', 'sh -c "exit 9"']])(
    'has all in place, too, if a line before node ends it: %s',
    async (...setup) => {
      const job = startJob('process.exit(1)', { setup: setup.filter((line) => typeof line === 'string') });
      expect(await job.ended).toMatchObject({ code: 9 });
      expect(outcomeOf(job)).toBe('');
    },
  );

  it('takes the exit code of the runner, though a line before was strict', async () => {
    const job = startJob('process.exit(3)', { setup: ['set -eu'] });
    expect(await job.ended).toMatchObject({ code: 3 });
  });

  it.each(['/no/such/node', 'no-such-node', "it's not there"])('says that there is no %s', async (node) => {
    const job = startJob('', { node });
    const { code, stderr } = await job.ended;
    expect(code).toBe(127);
    expect(stderr).toMatch(/^condor-futures: there is no node on \S+/);
    expect(stderr).toContain(node);
    expect(outcomeOf(job)).toBe('');
  });

  it('does not begin if its submission was revoked', async () => {
    const job = startJob("require('node:fs').writeFileSync('begun', '')", { revoked: true });
    expect(await job.ended).toMatchObject({ code: TURNED_AWAY });
    expect(readdirSync(job.scratch)).toEqual([ID]);
    expect(outcomeOf(job)).toBe('');
  });
});
