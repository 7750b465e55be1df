import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseClassAd, secondsOf } from '../../lib/base/class-ad.ts';

const recorded = (name: string): string =>
  readFileSync(new URL(`../fixtures/htcondor/ads/${name}.ad`, import.meta.url), 'utf8');

describe("The ClassAd of a job's directory", () => {
  it('is that of the job, with values as condor_q -json has them', () => {
    expect(parseClassAd(recorded('job'))).toMatchObject({
      ClusterId: 1,
      ProcId: 0,
      GlobalJobId: expect.stringMatching(/^specs@#1\.0#\d+$/),
      Cmd: '/bin/sh',
      ExitBySignal: false,
      JobCurrentReconnectAttempt: null,
      CumulativeRemoteUserCpu: 0,
      Ratio: 0.25,
      Note: String.raw`a "quoted" word, a back\slash`,
      List: ['a', 2],
      JobMaxVacateTime: 4,
      Requirements: expect.stringMatching(/^\/Expr\(\(TARGET\.Arch == "X86_64"\) && .*\)\/$/),
    });
  });

  it('is that of the machine', () => {
    expect(parseClassAd(recorded('machine'))).toMatchObject({
      Cpus: 1,
      Memory: 128,
      Name: 'slot1_1@localhost',
      START: true,
      TotalCpus: 16,
      AddressV1: expect.stringMatching(/^\{\[ p="primary"; a="127\.0\.0\.1"; port=9618;/),
      MachineMaxVacateTime: '/Expr(10 * 60)/',
      SlotWeight: '/Expr(Cpus)/',
    });
  });

  it.each(['job', 'machine'])('has each attribute of the %s', (name) => {
    const lines = recorded(name).trim().split('\n');
    expect(Object.keys(parseClassAd(recorded(name)))).toHaveLength(lines.length);
  });

  it.each([
    ['"a" + "b"', '/Expr("a" + "b")/'],
    ['{ "a, b",TRUE,-1.5E+3 }', ['a, b', true, -1500]],
    ['{ 1,Cpus }', '/Expr({ 1,Cpus })/'],
    ['{  }', '/Expr({  })/'],
    ['error', '/Expr(error)/'],
    ['""', ''],
    ['1.0', 1],
    ['.5', 0.5],
    ['Undefined', null],
  ])('takes %s for what it is', (text, value) => {
    expect(parseClassAd(`Name = ${text}\n`)).toEqual({ Name: value });
  });

  it('leaves out what is no attribute', () => {
    expect(parseClassAd('\n# a comment\nName\nA = 1\r\n B = 2')).toEqual({ A: 1 });
  });
});

describe('A time in a ClassAd', () => {
  it.each([
    [77, 77],
    ['/Expr(10 * 60)/', 600],
    ['/Expr(2 * 60 * 60)/', 7200],
    ['/Expr(ifThenElse(IsDesktop, 60, 600))/', undefined],
    [undefined, undefined],
    [null, undefined],
  ])('of %p is %p seconds', (value, seconds) => {
    expect(secondsOf(value)).toBe(seconds);
  });
});
