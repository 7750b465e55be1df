import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { environmentLines, variableProblem } from '../../lib/job-set/job-script.ts';

const NASTY = [
  '',
  '  padded  ',
  `it's "quoted" and 'quoted'`,
  'two\nlines\n',
  'back\\slash, and at the end \\',
  '$HOME $(id) `id` ${PATH}',
  'a;b|c&d>e<f # g * ? [h] ~ !i',
  'tab\t and \r and \u0001 and \u007f',
  'naïve 模型 😀 \u2028 \u0085',
  '-n',
  'x'.repeat(100_000),
];

/** The environment that a program has behind these lines. */
function environmentBehind(lines: readonly string[], env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const script = [...lines, `exec '${process.execPath}' -p 'JSON.stringify(process.env)'`].join('\n');
  const output = execFileSync('/bin/sh', { input: script, env, encoding: 'utf8' });
  return JSON.parse(output) as NodeJS.ProcessEnv;
}

describe('The variables of jobs', () => {
  it('arrive as they are, whatever characters they have', () => {
    const variables = Object.fromEntries(NASTY.map((value, index) => [`NASTY_${index}`, value]));
    expect(environmentBehind(environmentLines({ variables }))).toMatchObject(variables);
  });

  it('win over those that the job has already, but not over those that are the batch system’s', () => {
    const variables = { PATH: '/mine', TMPDIR: '/mine', LD_LIBRARY_PATH: '/mine', _CONDOR_SLOT: 'mine' };
    const theirs = { PATH: '/theirs', TMPDIR: '/theirs', _CONDOR_SLOT: 'slot1', LEFT: 'alone' };
    const lines = environmentLines({ variables, system: /^_CONDOR_/ });
    expect(environmentBehind(lines, theirs)).toMatchObject({
      ...variables,
      _CONDOR_SLOT: 'slot1',
      LEFT: 'alone',
    });
    expect(environmentBehind(lines)).toMatchObject(variables);
  });

  it('are refused where no shell would pass them on', () => {
    expect(variableProblem('IFS', ',')).toContain("the job's shell itself");
    expect(variableProblem('UID', '0')).toContain("the job's shell itself");
    expect(variableProblem('A', 'a\0b')).toContain('NUL');
    expect(NASTY.map((value) => variableProblem('PATH', value))).toEqual(NASTY.map(() => undefined));
  });
});
