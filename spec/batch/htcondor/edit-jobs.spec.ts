import { describe, expect, it } from '@jest/globals';
import { editJobs } from '../../../lib/batch/htcondor/actions.ts';
import { jobConstraint } from '../../../lib/batch/htcondor/queue.ts';
import { CommandError } from '../../../lib/base/errors.ts';
import { memoryEdit } from '../../../lib/batch/job-actions.ts';
import { thrownBy } from '../../support/thrown-by.ts';

/** In the words of HTCondor 23.9. */
const changed = (count: number): string => `Set attribute "RequestMemory" for ${count} matching jobs.\n`;
const FAILED = `Failed to set attribute "RequestMemory" by constraint: ( (ClusterId == 1 && (ProcId == 9)) )
Queue transaction failed.  No attributes were set.
`;

interface Told {
  readonly stdout: string;
  readonly stderr?: string;
}

/** Edits jobs where condor_qedit answers so, and the queue has these. */
function editing(answer: Told, queued: readonly string[] = []) {
  const commands: (readonly string[])[] = [];
  const ads = queued
    .map((id) => id.split('.').map(Number))
    .map(([ClusterId, ProcId]) => ({ ClusterId, ProcId }));
  const edit = async (jobIds: readonly string[]): Promise<Map<string, string>> =>
    editJobs(
      async (command, args) => {
        commands.push([command, ...args]);
        if (command === 'condor_q') return { stdout: JSON.stringify(ads), stderr: '' };
        const { stdout, stderr = '' } = answer;
        if (stderr !== '') throw new CommandError('failed', { command, exitCode: 1, stderr });
        return { stdout, stderr };
      },
      memoryEdit('2GB'),
      jobIds,
    );
  return { commands, edit };
}

describe('Jobs that are to ask for something else', () => {
  it('are told by one command', async () => {
    const { commands, edit } = editing({ stdout: changed(3) });
    expect(await edit(['1.0', '1.1', '2.7'])).toEqual(new Map());
    expect(commands).toEqual([
      ['condor_qedit', '-constraint', jobConstraint(['1.0', '1.1', '2.7']), 'RequestMemory', '2048'],
    ]);
  });

  it('are refused if they are not in the queue, beside others that are', async () => {
    const { commands, edit } = editing({ stdout: changed(2) }, ['1.0', '1.2']);
    expect(await edit(['1.0', '1.1', '1.2'])).toEqual(new Map([['1.1', 'the job is not in the queue']]));
    expect(commands.map(([command]) => command)).toEqual(['condor_qedit', 'condor_q']);
  });

  it('are all refused if none is there', async () => {
    const { edit } = editing({ stdout: '', stderr: FAILED });
    expect([...(await edit(['1.0', '1.1'])).keys()]).toEqual(['1.0', '1.1']);
  });

  it('are asked again if they are there, and were not changed', async () => {
    const { edit } = editing({ stdout: '', stderr: FAILED }, ['1.0']);
    expect(await thrownBy(edit(['1.0']))).toBeInstanceOf(CommandError);
  });

  it('are asked again if nobody has answered', async () => {
    const { commands, edit } = editing({ stdout: '', stderr: 'condor_qedit: cannot connect to schedd\n' });
    expect(await thrownBy(edit(['1.0']))).toBeInstanceOf(CommandError);
    expect(commands.length).toBe(1);
  });

  it('are told by a few commands where they are very many', async () => {
    const { commands, edit } = editing({ stdout: changed(2000) });
    const ids = Array.from({ length: 6000 }, (_, proc) => `1.${proc}`);
    expect(await edit(ids)).toEqual(new Map());
    expect(commands.length).toBe(3);
  });
});
