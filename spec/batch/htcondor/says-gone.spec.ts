import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { saysGone } from '../../../lib/batch/htcondor/actions.ts';

function stderrOf(name: string): string {
  const file = new URL(`../../fixtures/htcondor/cli/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { stderr: string }).stderr;
}

describe('That jobs are gone', () => {
  it.each(['rm-some-gone', 'rm-constraint-none', 'rm-marked-already-and-gone'])(
    'is what condor_rm says: %s',
    (name) => expect(saysGone(stderrOf(name))).toBe(true),
  );

  it.each(['rm-schedd-down', 'rm-constraint-schedd-stopped', 'rm-procs-schedd-stopped'])(
    'is not known when the schedd does not answer: %s',
    (name) => expect(saysGone(stderrOf(name))).toBe(false),
  );

  it('is not known when condor_rm says nothing', () => {
    expect(saysGone('')).toBe(false);
  });
});
