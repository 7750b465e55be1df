import { describe, expect, it } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import { checkSubmitOptions, submitDescription } from '../../../lib/batch/htcondor/submit-description.ts';

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

describe('submit commands', () => {
  it.each([
    { request_memory: '2GB', request_cpus: 4, '+WantFlocking': true, 'MY.Project': '"x"' },
    { requirements: '(OpSysMajorVer > 8) && regexp("^node[0-9]+$", Machine)' },
    { periodic_remove: 'JobStatus == 2 && time() - EnteredCurrentStatus > 60', batch_name: 'costs $5' },
  ])('are accepted as condor_submit knows them: %p', (submit) => {
    expect(() => checkSubmitOptions(submit as never)).not.toThrow();
  });

  it.each(['executable', 'Arguments', 'LOG', 'output', 'environment', 'queue', 'if', 'include'])(
    'that the library needs itself are refused with their list: %s',
    (name) =>
      expect(() => checkSubmitOptions({ [name]: 'x' })).toThrow(
        /is not yours to set: .*executable, .*log, .*queue/,
      ),
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
