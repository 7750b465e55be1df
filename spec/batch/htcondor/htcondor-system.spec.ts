import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import { HTCondorSystem } from '../../../lib/batch/htcondor/htcondor-system.ts';
import { jobConstraint } from '../../../lib/batch/htcondor/queue.ts';
import { parseTerse } from '../../../lib/batch/htcondor/submission.ts';
import { CommandError, CommandNotFoundError, SubmitError } from '../../../lib/base/errors.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';

interface Recording {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

function recorded(name: string): Recording {
  const file = new URL(`../../fixtures/htcondor/cli/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Recording;
}

let bin: string;
let path: string | undefined;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'bin-'));
  path = process.env['PATH'];
  process.env['PATH'] = [bin, '/usr/bin', '/bin'].join(delimiter);
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(bin, { recursive: true });
});

/** A program on PATH that says what a real one once said, and notes its arguments and stdin. */
function fake(command: string, { stdout, stderr, status }: Recording, before = ''): void {
  writeFileSync(join(bin, `${command}.out`), stdout);
  writeFileSync(join(bin, `${command}.err`), stderr);
  const script = `#!/bin/sh
printf '%s\\n' "$@" >>'${bin}/${command}.args'
cat >'${bin}/${command}.in'
${before}
cat '${bin}/${command}.out'; cat '${bin}/${command}.err' >&2; exit ${status}\n`;
  writeFileSync(join(bin, command), script);
  chmodSync(join(bin, command), 0o755);
}

const heard = (command: string, what: 'args' | 'in'): string =>
  readFileSync(join(bin, `${command}.${what}`), 'utf8');

const batchOf = (jobs: number): JobBatch => ({
  jobSet: { id: 'set', directory: '/shared/set' },
  submission: 3,
  jobs: Array.from({ length: jobs }, (_, index) => ({ key: String(index), arguments: [String(index)] })),
  cwd: '/home/me',
  avoid: [],
  submit: {},
});

describe('HTCondorSystem', () => {
  it('submits on stdin, and reads the ids of many jobs from one line', async () => {
    fake('condor_submit', { stdout: '12.0 - 12.2\n', stderr: '', status: 0 });
    const system = new HTCondorSystem({ pool: 'cm.example.org', schedd: 'submit7' });
    expect(await system.submit(batchOf(3))).toEqual(['12.0', '12.1', '12.2']);
    expect(heard('condor_submit', 'args')).toBe('-pool\ncm.example.org\n-name\nsubmit7\n-terse\n');
    expect(heard('condor_submit', 'in')).toContain('queue call,words from (\n0,0\n1,1\n2,2\n)\n');
  });

  it.each([
    ['submit-bad-requirements', /condor_submit failed with exit code 1: .*requirements/is],
    ['submit-no-initialdir', /No such directory/],
    ['submit-schedd-down', /Can't find address of local schedd.* Remedy: see with condor_q/s],
    ['submit-no-schedd-of-that-name', /Remedy: .* the option `schedd`/s],
  ])('tells why jobs were refused: %s', async (name, message) => {
    fake('condor_submit', recorded(name));
    const system = new HTCondorSystem({ submitPatience: 0 });
    const error = await system.submit(batchOf(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SubmitError);
    expect(error).toMatchObject({
      command: 'condor_submit',
      exitCode: 1,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['nothing', ''],
    ['fewer jobs', '12.0 - 12.0\n'],
    ['something else', 'Welcome to submit7!\n'],
  ])('does not believe an answer with %s', async (_, stdout) => {
    fake('condor_submit', { stdout, stderr: '', status: 0 });
    fake('condor_q', recorded('q-none'));
    fake('condor_history', recorded('history-none'));
    await expect(new HTCondorSystem({}).submit(batchOf(3))).rejects.toThrow(/answered for [01] of 3 jobs/);
  });

  it('removes what a condor_submit that failed may have queued, or says how', async () => {
    fake('condor_submit', { stdout: '', stderr: 'ERROR: no, thank you\n', status: 1 });
    fake('condor_rm', recorded('rm-constraint-none'));
    await expect(new HTCondorSystem({}).submit(batchOf(1))).rejects.toThrow(/took no jobs: .*no, thank you$/);
    const constraint = 'CondorFuturesJobSet == "set" && CondorFuturesSubmission == 3';
    expect(heard('condor_rm', 'args')).toBe(`-constraint\n${constraint}\n`);
    for (const failure of ['rm-schedd-down', 'rm-constraint-schedd-stopped']) {
      fake('condor_rm', recorded(failure));
      await expect(new HTCondorSystem({}).submit(batchOf(1))).rejects.toThrow(
        `condor_rm -constraint '${constraint}'`,
      );
    }
  });

  it('kills a condor_submit that gives no answer, asks the queue, and takes the jobs that are there', async () => {
    fake('condor_submit', { stdout: '', stderr: '', status: 0 }, 'sleep 60');
    const ads = ['2', '0', '1'].map((key) => ({
      ClusterId: 12,
      ProcId: Number(key),
      CondorFuturesCall: key,
    }));
    fake('condor_q', { stdout: JSON.stringify(ads), stderr: '', status: 0 });
    const system = new HTCondorSystem({ commandTimeout: 300 });
    expect(await system.submit(batchOf(3))).toEqual(['12.0', '12.1', '12.2']);
    expect(heard('condor_q', 'args')).toContain(
      'CondorFuturesJobSet == "set" && CondorFuturesSubmission == 3',
    );
  });

  it('kills its condor_submit when the job set is removed at the end of the process, and begins no other', async () => {
    fake('condor_submit', recorded('submit-one'), `touch '${bin}/begun'; exec sleep 60`);
    for (const command of ['condor_q', 'condor_history']) fake(command, recorded('history-none'));
    fake('condor_rm', recorded('rm-constraint-none'));
    const system = new HTCondorSystem({});
    const unwanted = new AbortController();
    const failure = thrownBy(system.submit(batchOf(1), unwanted.signal));
    await until(() => existsSync(join(bin, 'begun')));
    unwanted.abort();
    system.jobSetRemoval.removeNow('set', 10_000);
    expect(await failure).toBeInstanceOf(SubmitError);
    expect(heard('condor_submit', 'args')).toBe('-terse\n');
    expect(heard('condor_rm', 'args')).toBe('-constraint\nCondorFuturesJobSet == "set"\n');
  });

  it('submits again when the schedd is back, and warns once', async () => {
    fake('condor_submit', recorded('submit-schedd-killed'));
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const ids = new HTCondorSystem({}).submit(batchOf(1));
    await until(() => emitWarning.mock.calls.length > 0);
    fake('condor_submit', recorded('submit-one'));
    expect(await ids).toEqual(['877.0']);
    const warnings = emitWarning.mock.calls.map(([warning]) => warning);
    emitWarning.mockRestore();
    expect(warnings).toEqual([expect.stringMatching(/^Jobs wait to be submitted, for 60 s at the most: /)]);
  });

  it('passes warnings on, such as one of a misspelt submit command', async () => {
    fake('condor_submit', recorded('submit-typo'));
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await new HTCondorSystem({}).submit(batchOf(1));
    const warnings = emitWarning.mock.calls.map(([warning]) => warning);
    emitWarning.mockRestore();
    expect(warnings).toEqual([expect.stringContaining("'reqest_memory = 5' was unused")]);
  });

  it('says that a command is missing, with the remedy', async () => {
    const error = await new HTCondorSystem({}).submit(batchOf(1)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CommandNotFoundError);
    expect((error as Error).message).toMatch(/condor_submit is not on PATH\. Remedy: .* submit machine/);
  });

  it('removes many jobs with one command, some of which may be gone', async () => {
    fake('condor_rm', recorded('rm-some-gone'));
    await new HTCondorSystem({}).remove(['903.0', '4711.0']);
    expect(heard('condor_rm', 'args')).toBe('903.0\n4711.0\n');
  });

  it('says when nothing could be removed', async () => {
    for (const failure of ['rm-schedd-down', 'rm-procs-schedd-stopped']) {
      fake('condor_rm', recorded(failure));
      await expect(new HTCondorSystem({}).remove(['1.0'])).rejects.toThrow(CommandError);
    }
  });

  it('takes a history that is not kept to have nothing to say, and one that does not answer to say nothing', async () => {
    fake('condor_q', recorded('q-none'));
    fake('condor_history', recorded('history-disabled'));
    expect(await new HTCondorSystem({}).status(['902.0'])).toEqual(new Map());
    fake('condor_history', recorded('history-no-schedd'));
    expect(await thrownBy(new HTCondorSystem({}).status(['902.0']))).toBeInstanceOf(CommandError);
  });

  it('asks for clusters in the queue, and for what is not there in the history', async () => {
    fake('condor_q', recorded('q-idle-running-held-gone'));
    fake('condor_history', recorded('history-several'));
    const status = await new HTCondorSystem({}).status(['900.0', '900.1', '902.0', '4711.0']);
    expect(heard('condor_q', 'args').split('\n').slice(-4)).toEqual(['900', '902', '4711', '']);
    expect(heard('condor_history', 'args').split('\n').slice(-3)).toEqual(['902.0', '4711.0', '']);
    expect(status.get('900.0')).toMatchObject({ kind: 'held' });
    expect(status.get('902.0')).toMatchObject({ kind: 'ended', exitCode: 3 });
    expect(status.has('4711.0')).toBe(false);
  });

  it('leaves jobs alone that have the ids, but are not of the job set', async () => {
    const ad = { ClusterId: 7, JobStatus: 2 };
    const queue = [
      { ...ad, ProcId: 0, CondorFuturesJobSet: 'ours' },
      { ...ad, ProcId: 1, CondorFuturesJobSet: 'of another program' },
      { ...ad, ProcId: 2 },
    ];
    fake('condor_q', { stdout: JSON.stringify(queue), stderr: '', status: 0 });
    fake('condor_history', { stdout: '', stderr: '', status: 0 });
    fake('condor_rm', { stdout: '', stderr: '', status: 0 });
    const system = new HTCondorSystem({});
    const ids = ['7.0', '7.1', '7.2', '7.3'];
    const reason = 'the batch system has given its id to another job';
    expect(await system.status(ids, 'ours')).toEqual(
      new Map([
        ['7.1', { kind: 'lost', jobId: '7.1', reason }],
        ['7.2', { kind: 'lost', jobId: '7.2', reason }],
        ['7.0', { kind: 'running', jobId: '7.0', host: undefined }],
      ]),
    );
    const which = 'CondorFuturesJobSet == "ours" && (ClusterId == 7 && (ProcId >= 1 && ProcId <= 3))';
    expect(heard('condor_history', 'args')).toContain(`-constraint\n${which}\n`);
    await system.remove(['7.1', '7.2', '7.3'], 'ours');
    expect(heard('condor_rm', 'args')).toBe(`-constraint\n${which}\n`);
    await system.describe(['7.1', '7.2', '7.3'], 'ours');
    expect(heard('condor_q', 'args')).toContain(`-constraint\n${which}\n`);
  });

  it('acts on no jobs that are not of the job set, and refuses that', async () => {
    fake('condor_q', { stdout: JSON.stringify([{ ClusterId: 7, ProcId: 0 }]), stderr: '', status: 0 });
    fake('condor_hold', { stdout: '', stderr: '', status: 0 });
    const refusals = await new HTCondorSystem({}).act({ kind: 'hold' }, ['7.0', '7.1'], 'ours');
    expect(heard('condor_q', 'args')).toContain('CondorFuturesJobSet == "ours"');
    expect(heard('condor_hold', 'args')).toBe('-subcode\n6770\n7.0\n');
    expect([...refusals]).toEqual([['7.1', 'the job is not in the queue']]);
  });

  it('acts on jobs, and tells which were refused', async () => {
    fake('condor_release', recorded('release-some-refused'));
    const refusals = await new HTCondorSystem({ schedd: 'submit7' }).act({ kind: 'release' }, [
      '1.0',
      '4711.0',
    ]);
    expect(heard('condor_release', 'args')).toBe('-name\nsubmit7\n1.0\n4711.0\n');
    expect([...refusals]).toEqual([['4711.0', 'Job 4711.0 not found']]);
  });

  it('fails no action where the command refused all jobs, but where it gave no answer', async () => {
    fake('condor_suspend', recorded('suspend-idle'));
    const system = new HTCondorSystem({});
    expect((await system.act({ kind: 'suspend' }, ['2.0'])).size).toBe(1);
    fake('condor_suspend', recorded('rm-schedd-down'));
    await expect(system.act({ kind: 'suspend' }, ['2.0'])).rejects.toThrow(CommandError);
  });

  it('acts on very many jobs by a few commands', async () => {
    fake('condor_hold', { stdout: '', stderr: '', status: 0 });
    const ids = Array.from({ length: 10_000 }, (_, proc) => `1.${proc}`);
    await new HTCondorSystem({}).act({ kind: 'hold' }, ids);
    const args = heard('condor_hold', 'args').split('\n');
    expect(args.filter((arg) => arg === '-subcode')).toHaveLength(5);
    expect(args.filter((arg) => arg.startsWith('1.'))).toEqual(ids);
  });

  it('analyzes a job that waits, and tells what became of one that is gone', async () => {
    const system = new HTCondorSystem({});
    fake('condor_q', recorded('q-better-analyze'));
    expect(await system.analyze('2.0')).toContain('TARGET.Foo is 3');
    fake('condor_q', { stdout: '', stderr: '', status: 0 });
    fake('condor_history', recorded('history-several'));
    expect(await system.analyze('902.0')).toBe(
      'Job 902.0 is not in the queue any more: it ended with exit code 3',
    );
    expect(await system.analyze('901.0')).toMatch(/it ended by signal 9$/);
    expect(await system.analyze('905.0')).toMatch(/it was removed: via condor_rm/);
    expect(await system.analyze('4711.0')).toBeUndefined();
  });

  it('describes jobs of the queue, and others from the history', async () => {
    fake('condor_q', recorded('q-held-on-request'));
    fake('condor_history', recorded('history-several'));
    const ads = await new HTCondorSystem({}).describe(['1.0', '902.0', '4711.0']);
    expect(heard('condor_q', 'args')).toBe(
      `-json\n-constraint\n${jobConstraint(['1.0', '902.0', '4711.0'])}\n`,
    );
    expect(heard('condor_history', 'args')).toBe('-json\n-match\n2\n902.0\n4711.0\n');
    expect(ads.get('1.0')).toMatchObject({ JobStatus: 5, HoldReasonSubCode: 6770 });
    expect(ads.get('902.0')).toMatchObject({ ExitCode: 3 });
    expect(ads.has('4711.0')).toBe(false);
  });

  it.each([
    ['garbage', { stdout: 'Segmentation fault\n', stderr: '', status: 0 }],
    ['half an answer', { stdout: '[{"ClusterId": 1, "Pro', stderr: '', status: 0 }],
    ['another thing', { stdout: '{"JobStatus": 4}', stderr: '', status: 0 }],
  ])('concludes nothing from a condor_q that answers %s', async (_, answer) => {
    fake('condor_q', answer);
    fake('condor_history', recorded('history-none'));
    await expect(new HTCondorSystem({}).status(['1.0'])).rejects.toThrow(SyntaxError);
  });

  it('concludes nothing from a condor_q that gives no answer', async () => {
    fake('condor_q', recorded('q-none'), 'sleep 60');
    await expect(new HTCondorSystem({ commandTimeout: 300 }).status(['1.0'])).rejects.toThrow(
      'condor_q gave no answer for 0.3 s',
    );
  });

  it('takes no answer for no answer, not for jobs that are gone', async () => {
    fake('condor_q', recorded('q-schedd-down'));
    fake('condor_history', recorded('history-none'));
    await expect(new HTCondorSystem({}).status(['1.0'])).rejects.toThrow(CommandError);
    fake('condor_q', recorded('q-none'));
    expect((await new HTCondorSystem({}).status(['1.0'])).size).toBe(0);
  });
});

describe('what condor_submit -terse prints', () => {
  it.each([
    ['submit-one', ['877.0']],
    ['submit-two-clusters', ['883.0', '884.0', '884.1']],
    ['submit-queue-0', []],
  ])('is read: %s', (name, ids) => expect(parseTerse(recorded(name).stdout)).toEqual(ids));
});
