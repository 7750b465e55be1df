import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import { Submission } from '../../../lib/batch/htcondor/submission.ts';
import { CommandError, SubmitError } from '../../../lib/base/errors.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const batch: JobBatch = {
  jobSet: { id: 'set', directory: '/shared/set' },
  submission: 3,
  jobs: ['7', '8'].map((key) => ({ key, arguments: [key] })),
  cwd: '/home/me',
  submit: {},
  avoid: [],
};

/** What the commands answer, in turn: their stdout, or an error. */
let answers: Record<string, (string | Error)[]>;
let commands: string[];
let submission: Submission;
let submissionOf: (wanted: JobBatch) => Submission;
beforeEach(() => {
  [answers, commands] = [{}, []];
  const answer = async (command: string): Promise<string> => {
    commands.push(command);
    const next = answers[command]?.shift();
    if (typeof next === 'string') return next;
    throw next ?? new Error(`Nobody asked for ${command}`);
  };
  submissionOf = (wanted) =>
    new Submission(wanted, {
      run: async (command) => ({ stdout: await answer(command), stderr: '' }),
      remove: async () => void (await answer('condor_rm')),
    });
  submission = submissionOf(batch);
});

const failed = (stderr: string, exitCode: number | null = 1): CommandError =>
  new CommandError(`it failed: ${stderr}`, { command: 'it', exitCode, stderr });
const ads = (...keys: string[]): string =>
  JSON.stringify(keys.map((key) => ({ ClusterId: 12, ProcId: Number(key), CondorFuturesCall: key })));

const LOST = failed('ERROR: Failed to commit job submission into the queue\n');
/** As recorded where the schedd was killed while it took the jobs. */
const LOST_ON_ITS_WAY = failed(
  '\nERROR: Failed submission for job 204.-1 - aborting entire submit\n\nERROR: Failed to queue job.\n',
);
const HUNG = failed('', null);

describe('A submission whose answer was lost', () => {
  it.each([
    ['was killed for want of an answer', HUNG],
    ['lost its connection', LOST],
    ['lost the schedd on its way', LOST_ON_ITS_WAY],
    ['answered garbage', 'Welcome to submit7!\n'],
  ])('has the ids of its jobs in the queue, if condor_submit %s', async (_, answer) => {
    answers = { condor_submit: [answer], condor_q: [ads('8', '7')] };
    expect(await submission.attempt()).toEqual(['12.7', '12.8']);
  });

  it('has the ids of jobs that come into the queue bit by bit, from their cluster', async () => {
    const factory = JSON.stringify([{ ClusterId: 12, JobMaterializeNextProcId: 1, TotalSubmitProcs: 2 }]);
    answers = { condor_submit: [HUNG], condor_q: [ads('7'), factory] };
    const late = submissionOf({ ...batch, submit: { Max_Idle: 1 } });
    expect(await late.attempt()).toEqual(['12.0', '12.1']);
  });

  it('has also those of jobs that have left the queue since', async () => {
    answers = { condor_submit: [HUNG], condor_q: [ads('8')], condor_history: [ads('7')] };
    expect(await submission.attempt()).toEqual(['12.7', '12.8']);
  });

  it('is submitted again only when the queue has none of its jobs', async () => {
    answers = {
      condor_submit: [HUNG, '12.0 - 12.1\n'],
      condor_q: [failed('no answer'), ''],
      condor_history: ['[\n]\n'],
    };
    expect(await thrownBy(submission.attempt())).toMatchObject({ transient: true });
    expect(await thrownBy(submission.attempt())).toMatchObject({ transient: true });
    expect(commands).toEqual(['condor_submit', 'condor_q', 'condor_q', 'condor_history']);
    expect(await submission.attempt()).toEqual(['12.0', '12.1']);
    expect(commands.at(-1)).toBe('condor_submit');
  });

  it('is not submitted again while the history does not answer', async () => {
    answers = { condor_submit: [HUNG], condor_q: ['', ''], condor_history: [failed('no'), failed('no')] };
    await thrownBy(submission.attempt());
    await thrownBy(submission.attempt());
    expect(commands.filter((command) => command === 'condor_submit')).toHaveLength(1);
  });

  it('has what may be queued removed when it is given up, or says how', async () => {
    answers = { condor_submit: [HUNG], condor_q: [failed('no')], condor_rm: ['', failed('no')] };
    const error = await thrownBy(submission.attempt());
    expect(((await submission.giveUp(error)) as Error).message).toBe('HTCondor took no jobs: it failed: ');
    expect(((await submission.giveUp(error)) as Error).message).toContain(
      `Whether it queued any is not known; to remove them: condor_rm -constraint 'CondorFuturesJobSet == "set"`,
    );
  });
});

describe('A failed submission', () => {
  it.each([
    ["\nERROR: Can't find address of local schedd\n", true],
    ['\nERROR: Failed to connect to local queue manager\nSECMAN:2011:Connection closed\n', true],
    ['\nERROR: Failed to connect to local queue manager\nAUTHENTICATE:1003:Failed\n', false],
    [
      'ERROR: Failed to connect to local queue manager\nAUTHENTICATE:1002:Failure performing handshake\n' +
        'AUTHENTICATE:1004:Failed to authenticate using FS\n',
      true,
    ],
    ['condor_submit: unknown host nonesuch\n', false],
  ])(
    'that met no schedd may be attempted again, if waiting helps, and asks nobody: %j',
    async (stderr, transient) => {
      answers = { condor_submit: [failed(stderr)] };
      const error = await thrownBy(submission.attempt());
      expect(error).toBeInstanceOf(SubmitError);
      expect(error).toMatchObject({ transient, message: expect.stringContaining('Remedy: ') });
      expect(await submission.giveUp(error)).toBe(error);
      expect(commands).toEqual(['condor_submit']);
    },
  );

  it.each<[string, SubmitError['limit']]>([
    ['submit-max-procs-in-cluster', 'submission'],
    ['submit-max-jobs-per-submission', 'submission'],
    ['submit-max-jobs-per-owner', 'queue'],
    ['submit-max-jobs-submitted', 'queue'],
    ['submit-max-jobs-submitted-full', 'queue'],
    ['submit-max-jobs-submitted-at-commit', 'queue'],
    ['submit-bad-requirements', undefined],
  ])('tells which limit it was over: %s', async (name, limit) => {
    const file = new URL(`../../fixtures/htcondor/cli/${name}.json`, import.meta.url);
    const { stderr, status } = JSON.parse(readFileSync(file, 'utf8')) as { stderr: string; status: number };
    answers = { condor_submit: [failed(stderr, status)], condor_rm: ['', failed('no')] };
    const error = await thrownBy(submission.attempt());
    expect(error).toMatchObject({ transient: false, limit });
    expect(await submission.giveUp(error)).toMatchObject({ limit });
    expect(commands).toEqual(['condor_submit', 'condor_rm']);
    // What may be queued is not submitted once more.
    expect(await submission.giveUp(error)).toMatchObject({ limit: undefined });
  });

  it('that was refused is not attempted again', async () => {
    answers = { condor_submit: [failed('ERROR: Parse error in expression')], condor_rm: [''] };
    const error = await thrownBy(submission.attempt());
    expect(error).toMatchObject({ transient: false });
    await submission.giveUp(error);
    expect(commands).toEqual(['condor_submit', 'condor_rm']);
  });
});
