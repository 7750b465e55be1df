import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { resolveOptions, type ClusterOptions } from '../../lib/cluster/cluster-options.ts';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';

const resolved = (options: ClusterOptions = {}): ReturnType<typeof resolveOptions> =>
  resolveOptions('LocalExecutor', options, {});

describe('The options of an executor', () => {
  it('have defaults', () => {
    expect(resolved()).toEqual({
      directory: resolve('.condor-futures'),
      filesystem: 'shared',
      cwd: process.cwd(),
      submit: {},
      environment: {},
      setup: [],
      node: process.execPath,
      execArgv: [],
      keepFiles: 'failed',
      maxInFlight: Infinity,
      detachOnExit: false,
      watch: 'auto',
      sweepInterval: 2000,
      policies: {},
      outcomeGrace: undefined,
      capture: {},
      otherNode: 'refuse',
    });
  });

  it('say how functions are captured', () => {
    const options = { byValue: ['yaml', /model/], byReference: ['./lib'], captureThis: 'never' } as const;
    expect(resolved(options).capture).toEqual(options);
    expect(() => resolved({ byValue: 'yaml' as never })).toThrow(
      'Expected `byValue` to be an array of strings and regular expressions',
    );
    expect(() => resolved({ captureThis: 'always' as never })).toThrow(RangeError);
    expect(() => resolved({ otherNode: 'ignore' as never })).toThrow(RangeError);
  });

  it('make the directory absolute', () => {
    expect(resolved({ directory: 'jobs/../here' }).directory).toBe(resolve('here'));
  });

  it('take the environment as names to copy, or values to set', () => {
    process.env['CONDOR_FUTURES_HERE'] = 'here';
    expect(resolved({ environment: ['CONDOR_FUTURES_HERE', 'CONDOR_FUTURES_NOWHERE'] }).environment).toEqual({
      CONDOR_FUTURES_HERE: 'here',
    });
    expect(resolved({ environment: { CONDOR_FUTURES_HERE: true, A: 1, B: '' } }).environment).toEqual({
      CONDOR_FUTURES_HERE: 'here',
      A: '1',
      B: '',
    });
  });

  it.each<[object, string]>([
    [{ directry: '/x' }, 'LocalExecutor has no option `directry`. Its options: directory, submit,'],
    [{ directory: 7 }, 'Expected `directory` of LocalExecutor to be a string'],
    [{ setup: 'module load node' }, 'Expected `setup` of LocalExecutor to be an array of strings'],
    [{ keepFiles: 'some' }, 'Expected `keepFiles` to be one of failed, all, none'],
    [{ watch: 'poll' }, 'Expected `watch` to be one of auto, events, sweep'],
    [{ sweepInterval: 0 }, 'Expected `sweepInterval` to be a number from 10 up'],
    [{ outcomeGrace: -1 }, 'Expected `outcomeGrace` to be a number from 0 up'],
    [
      { environment: { 'A B': 'x' } },
      'Expected the names in `environment` to be letters, digits and _, got `A B`',
    ],
    [{ environment: { A: null } }, 'Expected `environment.A` to be a string, a number or true, got `null`'],
    [{ environment: { A: 'a\0b' } }, 'The option `environment.A` has a NUL'],
    [{ environment: { IFS: 'x' } }, "The option `environment.IFS` is a variable of the job's shell"],
    [{ maxWorkers: 0 }, 'Expected `maxWorkers` to be a whole number from 1 up'],
    [{ maxWorkers: '2' }, 'Expected `maxWorkers` of LocalExecutor to be a number'],
    [{ pool: 'x' }, 'LocalExecutor has no option `pool`'],
    [{ filesystem: 'nfs' }, 'Expected `filesystem` to be one of shared, transfer'],
    [
      { filesystem: 'transfer' },
      "LocalExecutor has no `filesystem: 'transfer'`: its jobs run on this machine",
    ],
  ])('are refused with what they may be: %p', (options, message) => {
    expect(() => new LocalExecutor(options as never)).toThrow(message);
  });

  it.each<[object, string]>([
    [{ maxWorkers: 2 }, 'HTCondorExecutor has no option `maxWorkers`'],
    [{ submit: { log: '/x' } }, 'The submit command `log` is not yours to set'],
    [{ submit: ['x'] }, 'Expected `submit` of HTCondorExecutor to be an object'],
    [{ filesystem: 'transfer', workers: { max: 2 } }, 'The option `workers` cannot be had with'],
    [{ filesystem: 'transfer', submit: { initialdir: '/' } }, 'is not yours to set with `filesystem'],
  ])('are refused where HTCondor could not pass them on: %p', (options, message) => {
    expect(() => new HTCondorExecutor(options as never)).toThrow(message);
    expect(() => new HTCondorExecutor(options as never)).toThrow(TypeError);
  });
});
