import { describe, expect, it } from '@jest/globals';
import { canVary, itemdata } from '../../../lib/batch/htcondor/itemdata.ts';

const jobs = ['1', '2-3'].map((key) => ({ key, arguments: [key, '1', '0'] }));

describe('Itemdata', () => {
  it('without options that vary is the key of each job, and the words of its runner', () => {
    expect(itemdata({ jobs })).toEqual({
      macros: {},
      commands: {},
      lines: ['queue call,words from (', '1,1 1 0', '2-3,2-3 1 0', ')'],
    });
  });

  it('has a column for each option that varies, before those words', () => {
    const varied = { request_memory: [1, '2GB'], '+Note': ['"x"', true] };
    expect(itemdata({ jobs, varied })).toEqual({
      macros: {},
      commands: { request_memory: '$(CondorFuturesColumn1)', '+Note': '$(CondorFuturesColumn2)' },
      lines: [
        'queue call,CondorFuturesColumn1,CondorFuturesColumn2,words from (',
        '1,1,"x",1 1 0',
        '2-3,2GB,true,2-3 1 0',
        ')',
      ],
    });
  });

  it('has macros for what separates columns, and defines those alone', () => {
    const spaced = itemdata({ jobs, varied: { requirements: ['A > 1', 'B'] } });
    expect(spaced.macros).toEqual({
      CondorFuturesNothing: '',
      CondorFuturesSpace: '$(CondorFuturesNothing) $(CondorFuturesNothing)',
    });
    expect(spaced.lines[1]).toBe('1,A$(CondorFuturesSpace)>$(CondorFuturesSpace)1,1 1 0');
    const listed = itemdata({ jobs, varied: { concurrency_limits: ['a,b', 'c'] } });
    expect(listed.macros).toEqual({ CondorFuturesComma: ',' });
    expect(listed.lines[1]).toBe('1,a$(CondorFuturesComma)b,1 1 0');
    const tabbed = itemdata({ jobs, varied: { rank: ['a\tb', 'c'] } });
    expect(Object.keys(tabbed.macros)).toEqual(['CondorFuturesNothing', 'CondorFuturesTab']);
  });
});

describe('A submit command', () => {
  it.each([
    'request_memory',
    'Request_GPUs',
    '+Note',
    'My.Note',
    'requirements',
    'batch_name',
    'transfer_input_files',
  ])('may vary from job to job: %s', (name) => {
    expect(canVary(name, { [name]: 'x > 1, ) "y" \'z\' $5' })).toBe(true);
  });

  it.each([
    'universe',
    'nice_user',
    'hold',
    'getenv',
    'should_transfer_files',
    'container_image',
    'unheard_of',
  ])('that leaves something with all procs of a cluster is the same for each: %s', (name) =>
    expect(canVary(name, { [name]: 'x' })).toBe(false),
  );

  it.each(['', '""', 'undefined', 'UNDEFINED', 'a, https://b/c', '$ 5', 'x$\ty', 'x$,', 'x\u001fy', 'x\ny'])(
    'is the same for each if a column cannot have its value: %j',
    (value) => expect(canVary('transfer_input_files', { transfer_input_files: value })).toBe(false),
  );

  it('is the same for each where procs come late', () => {
    expect(canVary('request_memory', { request_memory: 1, max_idle: 5 })).toBe(false);
    expect(canVary('max_idle', { max_idle: 5 })).toBe(false);
  });
});
