import { describe, expect, it } from '@jest/globals';
import type { JobBatch } from '../../../lib/batch/batch-system.ts';
import type { SubmitOptions } from '../../../lib/batch/submit-options.ts';
import {
  claimCommands,
  jobsThatKeep,
  keepCommand,
  releaseDescription,
} from '../../../lib/batch/htcondor/kept-claims.ts';

function batchOf(jobs: number, busy: number | undefined, submit: SubmitOptions = {}): JobBatch {
  return {
    jobSet: { id: 'set', directory: '/shared/set' },
    submission: 1,
    jobs: Array.from({ length: jobs }, (_, index) => ({ key: String(index), arguments: [] })),
    cwd: '/',
    avoid: [],
    submit,
    ...(busy !== undefined && { busy }),
  };
}

describe('The jobs that keep their claims', () => {
  it.each([
    [1, undefined, 1],
    [1, 0, 1],
    [3, 0, 3],
    [500, 0, 4],
    [1, 3, 1],
    [4, 3, 1],
    [1, 4, 0],
    [500, 10_000, 0],
  ])('are few: of %p jobs beside %p others, %p', (jobs, busy, keeping) =>
    expect(jobsThatKeep(batchOf(jobs, busy), 4)).toBe(keeping),
  );

  it.each([
    [{ request_memory: [1, 1, 2, 1, 1] }, 2],
    [{ request_memory: [1, 2, 2, 2, 2] }, 1],
    [{ batch_name: ['a', 'b', 'c', 'd', 'e'] }, 4],
    [{ keep_claim_idle: [0, 1, 2, 3, 4] }, 0],
  ])('ask for the same slot, where each job may ask for another: %p, %p', (varied, keeping) =>
    expect(jobsThatKeep({ ...batchOf(5, 0), varied }, 4)).toBe(keeping),
  );

  it('are none where the user wants none', () => expect(jobsThatKeep(batchOf(1, 0), 0)).toBe(0));

  it('are none where jobs wait for calls by themselves', () =>
    expect(jobsThatKeep({ ...batchOf(1, 0), outlivesCalls: true }, 4)).toBe(0));

  it.each(['keep_claim_idle', 'Keep_Claim_Idle', '+KeepClaimIdle', 'MY.keepClaimIdle'])(
    'are for the user to choose with %s',
    (name) => expect(jobsThatKeep(batchOf(1, 0, { [name]: 0 }), 4)).toBe(0),
  );

  it.each([
    [0, 500, 20_000, {}],
    [1, 1, 20_000, { keep_claim_idle: 20 }],
    [4, 4, 1500, { keep_claim_idle: 2 }],
    [4, 500, 20_000, { keep_claim_idle: 'ifThenElse(ProcId < 4, 20, 0)' }],
  ])('are the first: %p of %p, for %p ms', (keeping, jobs, time, commands) =>
    expect(keepCommand(keeping, jobs, time)).toEqual(commands),
  );
});

describe('A claim', () => {
  it.each<[SubmitOptions, SubmitOptions]>([
    [
      { request_memory: '2GB', batch_name: 'a' },
      { batch_name: 'b', request_memory: '2GB' },
    ],
    [
      { request_cpus: 1, request_memory: 1 },
      { request_memory: 1, request_cpus: 1 },
    ],
  ])('is good for jobs that ask for the same: %j, %j', (one, other) =>
    expect(JSON.stringify(claimCommands(one))).toBe(JSON.stringify(claimCommands(other))),
  );

  it.each<SubmitOptions>([
    { request_memory: '3GB' },
    { request_memory: '2GB', request_gpus: 1 },
    { request_memory: '2GB', requirements: 'Machine == "node7"' },
    { request_memory: '2GB', accounting_group: 'higgs' },
    { request_memory: '2GB', '+ProjectName': '"Higgs"' },
  ])('may be no good for others: %j', (other) =>
    expect(claimCommands(other)).not.toEqual(claimCommands({ request_memory: '2GB' })),
  );
});

describe('The jobs that give claims back', () => {
  it('ask for what those before them asked for, start nowhere else, and do not stay', () =>
    expect(
      releaseDescription(['slot1_1@node7', 'slot1_3@node8'], {
        request_memory: '2GB',
        requirements: 'true',
        '+ProjectName': '"Higgs"',
      }),
    ).toBe(`universe = vanilla
request_memory = 2GB
+ProjectName = "Higgs"
batch_name = release of claims
executable = /bin/sh
transfer_executable = false
arguments = "-c :"
initialdir = /
should_transfer_files = IF_NEEDED
when_to_transfer_output = ON_EXIT
transfer_output_files = ""
requirements = member(TARGET.Name, { "slot1_1@node7", "slot1_3@node8" })
periodic_remove = JobStatus != 2 && time() - QDate > 5
queue 2
`));
});
