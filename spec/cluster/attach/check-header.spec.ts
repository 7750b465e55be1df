import { describe, expect, it } from '@jest/globals';
import type { BatchSystem } from '../../../lib/batch/batch-system.ts';
import { troubleWith } from '../../../lib/cluster/attach/check-header.ts';

const system = (name: string, queue?: BatchSystem['queue']): BatchSystem =>
  ({ name, queue }) as unknown as BatchSystem;
const local = system('local');
const htcondor = (pool?: string, schedd?: string): BatchSystem => system('HTCondor', { pool, schedd });

describe('A job set', () => {
  it.each<[object, BatchSystem]>([
    [{ system: 'local', host: 'here' }, local],
    [{ system: 'HTCondor', host: 'here', queue: {} }, htcondor()],
    [{ system: 'HTCondor', host: 'there', queue: { schedd: 'a' } }, htcondor(undefined, 'a')],
    [{ system: 'HTCondor', host: 'there', queue: { pool: 'p', schedd: 'a' } }, htcondor('p', 'a')],
    [{ system: 'HTCondor', host: 'there', queue: {} }, htcondor(undefined, 'schedd-of-there')],
  ])('%j can be attached to where its jobs are found', (header, asked) => {
    expect(troubleWith(header, asked, 'here')).toBeUndefined();
  });

  it.each<[object, BatchSystem, string]>([
    [{ system: 'local', host: 'here' }, htcondor(), 'not of HTCondor. Remedy: attach with the executor'],
    [{ system: 'local', host: 'there' }, local, 'are on there, not on here. Remedy: attach there'],
    [{ system: 'HTCondor', host: 'there', queue: {} }, htcondor(), 'are in the queue of there, not of here'],
    [
      { system: 'HTCondor', host: 'here', queue: { schedd: 'a' } },
      htcondor(),
      'Remedy: attach with the options',
    ],
    [
      { system: 'HTCondor', host: 'here', queue: { schedd: 'a' } },
      htcondor(undefined, 'b'),
      '{"schedd":"a"}',
    ],
    [{ system: 'HTCondor', host: 'here', queue: { pool: 'p' } }, htcondor('q'), '{"pool":"p"}'],
  ])('%j is refused where its jobs would be taken for lost', (header, asked, trouble) => {
    expect(troubleWith(header, asked, 'here')).toContain(trouble);
  });
});
