import { describe, expect, it } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import {
  checkDirectoryName,
  checkSubmitOptions,
  submitDescription,
} from '../../../lib/batch/htcondor/submit-description.ts';

const batch: JobBatch = {
  jobSet: { id: '20261121-120000-abcdefgh', directory: "/shared/it's me/20261121-120000-abcdefgh" },
  submission: 3,
  jobs: [
    { key: '1', arguments: ['1', '1', '0', '17'] },
    { key: '2-3', arguments: ['2-3', '1', '17', '4'] },
  ],
  cwd: '/home/me',
  avoid: [],
  submit: { request_memory: '2GB', '+ProjectName': '"Higgs"', Initialdir: '/elsewhere', getenv: true },
};

describe('a submit description', () => {
  it('is what condor_submit reads: the commands, then a line for each job', () => {
    expect(submitDescription(batch)).toBe(
      `universe = vanilla
batch_name = 20261121-120000-abcdefgh
initialdir = /elsewhere
should_transfer_files = IF_NEEDED
when_to_transfer_output = ON_EXIT
transfer_output_files = ""
request_memory = 2GB
+ProjectName = "Higgs"
getenv = true
executable = /bin/sh
transfer_executable = false
arguments = "'/shared/it''s me/20261121-120000-abcdefgh/run.sh' $(words)"
log = /shared/it's me/20261121-120000-abcdefgh/events.log
output = /dev/null
error = /shared/it's me/20261121-120000-abcdefgh/logs/$(call).start
My.CondorFuturesJobSet = "20261121-120000-abcdefgh"
My.CondorFuturesSubmission = 3
My.CondorFuturesCall = "$(call)"
My.CondorFuturesDollar = "$"
queue call,words from (
1,1 1 0 17
2-3,2-3 1 17 4
)
`,
    );
  });
});

describe('a submit description of jobs that differ', () => {
  it('has their values in the lines of the jobs, and in one command', () => {
    const avoid = [{ host: 'node7', until: 1000 }];
    const varied = { request_memory: [1, 2], requirements: ['x', 'y'] };
    const lines = submitDescription({ ...batch, avoid, submit: {}, varied }).split('\n');
    expect(lines).toContain('request_memory = $(CondorFuturesColumn1)');
    expect(lines).toContain(
      'requirements = ($(CondorFuturesColumn2)) && (TARGET.Machine != "node7" || time() > 1)',
    );
    expect(lines.slice(-5)).toEqual([
      'queue call,CondorFuturesColumn1,CondorFuturesColumn2,words from (',
      '1,1,x,1 1 0 17',
      '2-3,2,y,2-3 1 17 4',
      ')',
      '',
    ]);
  });
});

describe('a submit description of commands that are named twice', () => {
  it('has each once, as it was written last', () => {
    const submit = { '+Note': 1, Rank: 'a', 'MY.NOTE': 2, rank: 'b', UNIVERSE: 'container' };
    const lines = submitDescription({ ...batch, submit }).split('\n');
    expect(lines.filter((line) => /note|rank|universe/i.test(line))).toEqual([
      'universe = container',
      'MY.NOTE = 2',
      'rank = b',
    ]);
  });
});

/** What somebody may come to pass on, of whom one does not know what they want. */
const NASTY = [
  'queue',
  'queue 1000',
  'x\nqueue 1000',
  'x\r\nqueue 1000',
  'x\rqueue 1000',
  'x\u2028queue 1000',
  'x\u2029queue 1000',
  'x\u0085queue 1000',
  'x\vqueue 1000',
  'x\fqueue 1000',
  '$(Cluster)',
  '$$(Owner)',
  '$ENV(HOME)',
  '$F(x)',
  '$INT(1)',
  'x\\',
  'x\\\\',
  ' x',
  'x ',
  '\tx',
  '\u00a0x',
  '@=end',
  '# x',
  '"x',
  "'x",
  '"x" arguments = y',
  ')',
  'x\0y',
  '',
];

/** What it returns, or the class of what it throws. */
function resultOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return (error as Error).constructor;
  }
}

describe('what a program passes on', () => {
  it.each(NASTY)('is no more than one value, or is refused: %j', (nasty) => {
    for (const name of ['batch_name', '+Note', 'MY.Note', 'requirements']) {
      const linesWith = (value: string): string[] => {
        checkSubmitOptions({ [name]: value });
        return submitDescription({ ...batch, submit: { [name]: value } }).split('\n');
      };
      const plain = linesWith('VALUE').map((line) => line.replace('VALUE', () => nasty));
      expect([plain, TypeError]).toContainEqual(resultOf(() => linesWith(nasty)));
    }
  });

  it.each([
    ...NASTY,
    'a=b',
    'a = b',
    'a:b',
    'queue',
    'QUEUE',
    '+',
    'MY.',
    '+a=b',
    'a\\',
    'é',
    '@a',
    'a b',
    '-a',
  ])('is no name of a submit command: %j', (nasty) => {
    expect(() => checkSubmitOptions({ [nasty]: 1 })).toThrow(TypeError);
    expect(() => checkSubmitOptions({ [`${nasty} = 1\nqueue`]: 1 })).toThrow(TypeError);
  });

  it.each(NASTY)('is refused as a directory, or stays one word: %j', (nasty) => {
    const lines = (directory: string): number => {
      checkDirectoryName('directory', directory);
      return submitDescription({ ...batch, jobSet: { id: 'id', directory } }).split('\n').length;
    };
    expect([lines('/shared/set'), TypeError]).toContainEqual(resultOf(() => lines(`/shared/${nasty}/set`)));
  });
});

describe('the command line of a job', () => {
  it('has numbers and hashes only, behind the script', () => {
    const description = submitDescription(batch);
    const words = description.slice(description.indexOf('queue call,words'));
    expect(words).toMatch(/^queue call,words from \(\n([\d-]+,[\d a-f-]+\n)+\)\n$/);
  });
});

describe('submit commands', () => {
  it.each([
    { request_memory: '2GB', request_cpus: 4, '+WantFlocking': true, 'MY.Project': '"x"' },
    { requirements: '(OpSysMajorVer > 8) && regexp("^node[0-9]+$", Machine)' },
    { periodic_remove: 'JobStatus == 2 && time() - EnteredCurrentStatus > 60', batch_name: 'costs $5' },
  ])('are accepted as condor_submit knows them: %p', (submit) => {
    expect(() => checkSubmitOptions(submit as never)).not.toThrow();
  });

  it.each([
    'executable',
    'Arguments',
    'arguments2',
    'environment2',
    'shell',
    'LOG',
    'output',
    'environment',
    'queue',
    'if',
    'include',
  ])('that the library needs itself are refused with their list: %s', (name) =>
    expect(() => checkSubmitOptions({ [name]: 'x' })).toThrow(
      /is not yours to set: .*executable, .*log, .*queue/,
    ),
  );

  it.each([
    '+Cmd',
    'MY.Args',
    'my.arguments',
    '+UserLog',
    'My.Environment',
    'cmd',
    '+CondorFuturesCall',
    'MY.CONDORFUTURESjobset',
    'CondorFuturesSpace',
  ])('that set the same attributes are refused, too: %s', (name) =>
    expect(() => checkSubmitOptions({ [name]: '"x"' })).toThrow(
      `The submit command \`${name}\` is not yours`,
    ),
  );

  it('that are refused are all named at once', () => {
    expect(() => checkSubmitOptions({ LOG: 'x', rank: 'y', '+Cmd': '"z"' })).toThrow(
      'The submit commands `LOG`, `+Cmd` are not yours to set',
    );
  });

  it.each(['leave_in_queue', 'initialdir', '+CondorProject', '+Logs', 'submit_event_notes'])(
    'that are not needed are yours: %s',
    (name) => expect(() => checkSubmitOptions({ [name]: 'x' })).not.toThrow(),
  );

  it.each([
    [{ 'request memory': 1 }, 'to be submit commands, got `request memory`'],
    [{ 'a\nqueue': 1 }, 'to be submit commands'],
    [{ request_memory: null }, '`submit.request_memory` to be a string, a number or a boolean'],
    [{ request_memory: '$(mem)' }, '`submit.request_memory` has `$(`'],
    [{ '+Note': '"two\nlines"' }, '`submit.+Note` has a line break'],
  ])('that are none are refused: %p', (submit, message) => {
    expect(() => checkSubmitOptions(submit as never)).toThrow(TypeError);
    expect(() => checkSubmitOptions(submit as never)).toThrow(message);
  });
});
