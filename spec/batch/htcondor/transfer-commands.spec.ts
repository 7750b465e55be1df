import { describe, expect, it } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import type { SubmitOptions } from '../../../lib/batch/submit-options.ts';
import { checkSubmitOptions, submitDescription } from '../../../lib/batch/htcondor/submit-description.ts';

const batch = (submit: SubmitOptions): JobBatch => ({
  jobSet: {
    id: '20261121-120000-abcdefgh',
    directory: '/mine/a, "b"=;é/20261121-120000-abcdefgh',
    transfers: true,
  },
  submission: 3,
  jobs: [
    {
      key: '1',
      arguments: ['1', '1', '0', '17', 'ab', '3'],
      travels: ['inputs/1', 'functions/f', 'given/1'],
    },
    {
      key: '2-3',
      arguments: ['2-3', '2', '0', '4', 'cd', '3'],
      travels: ['inputs/2', 'functions/f', 'https://example.org/a?b=c'],
    },
  ],
  cwd: '/home/me',
  avoid: [],
  submit,
});

describe('A submit description of jobs whose files are transferred', () => {
  it('names all files by paths that are the same on both sides, and brings an outcome under a name that is none', () => {
    expect(submitDescription(batch({ request_memory: '2GB' }))).toBe(
      `universe = vanilla
batch_name = 20261121-120000-abcdefgh
initialdir = /mine/a, "b"=;é
should_transfer_files = YES
when_to_transfer_output = ON_EXIT_OR_EVICT
transfer_output_files = 20261121-120000-abcdefgh/outcomes/$(call),20261121-120000-abcdefgh/files/$(call),20261121-120000-abcdefgh/calls/$(number)
request_memory = 2GB
executable = /bin/sh
transfer_executable = false
arguments = "'20261121-120000-abcdefgh/run.sh' $(call) $(batch) $(offset) $(length) $(hash) $(submission)"
log = /mine/a, "b"=;é/20261121-120000-abcdefgh/events.log
output = 20261121-120000-abcdefgh/logs/$(call).out
error = 20261121-120000-abcdefgh/logs/$(call).err
preserve_relative_paths = true
transfer_input_files = 20261121-120000-abcdefgh/run.sh,20261121-120000-abcdefgh/runner.cjs,20261121-120000-abcdefgh/runner-code.js,20261121-120000-abcdefgh/revoked,$(travels)
transfer_output_remaps = "20261121-120000-abcdefgh/outcomes/$(call)=20261121-120000-abcdefgh/outcomes/$(call).part"
My.CondorFuturesJobSet = "20261121-120000-abcdefgh"
My.CondorFuturesSubmission = 3
My.CondorFuturesCall = "$(call)"
My.CondorFuturesDollar = "$"
queue call,batch,offset,length,hash,submission,number,travels from (
1,1,0,17,ab,3,1,20261121-120000-abcdefgh/inputs/1,20261121-120000-abcdefgh/functions/f,20261121-120000-abcdefgh/given/1
2-3,2,0,4,cd,3,2,20261121-120000-abcdefgh/inputs/2,20261121-120000-abcdefgh/functions/f,https://example.org/a?b=c
)
`,
    );
  });

  it('adds what the delivery of node brings, by paths that are the same on both sides if it lies beside the job set', () => {
    const { jobSet, ...others } = batch({});
    const brings = ['/mine/a, "b"=;é/bundles/f00.tar.gz', '/opt/node.gz'];
    expect(submitDescription({ ...others, jobSet: { ...jobSet, brings } })).toContain(
      '/revoked,bundles/f00.tar.gz,/opt/node.gz,$(travels)',
    );
  });

  it("adds the user's own files, by their names in the program's directory", () => {
    const own = 'data.csv, /etc/hosts,models/,osdf://pool/x';
    expect(submitDescription(batch({ Transfer_Input_Files: own }))).toMatch(
      /^transfer_input_files = \S*,\$\(travels\),\/home\/me\/data\.csv,\/etc\/hosts,\/home\/me\/models\/,osdf:\/\/pool\/x$/m,
    );
  });

  it.each(['should_transfer_files', 'Transfer_Output_Files', 'transfer_output_remaps', 'initialdir'])(
    'leaves %s to nobody else',
    (name) => {
      expect(() => checkSubmitOptions({ [name]: 'x' }, true)).toThrow(
        /is not yours to set with `filesystem: 'transfer'`.*inputFile\(\)/,
      );
      expect(() => checkSubmitOptions({ [name]: 'x' })).not.toThrow();
    },
  );
});
