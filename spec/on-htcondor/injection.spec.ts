import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
const directory = sharedTemporaryDirectory();

/** Values that are taken, and could be more than values. */
const NASTY = [
  'queue 7',
  'x\u2028queue 7',
  'x\u2029queue 7',
  'x\u0085queue 7',
  'x\vqueue 7',
  'x\fqueue 7',
  '# x',
  'x # y',
  '@=end',
  'x; y, z) (',
  'executable = /bin/false',
  'x\\\\y',
  '$5 $x $$ $',
  'if true',
  'notes @=end',
  'x\ty,  z',
  'x\u001fy',
];

/** Those that no row can have. */
const NO_ROW = new Set(['$5 $x $$ $', 'x\u001fy']);

/** To be submitted: the id of the cluster's last proc, and two attributes of the job's ClassAd. */
async function show(): Promise<{ procs: string | undefined; note: unknown; name: unknown }> {
  const { readFileSync: read } = await import('node:fs');
  const ad = read(process.env['_CONDOR_JOB_AD'] as string, 'utf8').split('\n');
  const valueOf = (name: string): string | undefined =>
    ad.find((line) => line.startsWith(`${name} = `))?.slice(name.length + 3);
  return { procs: valueOf('TotalSubmitProcs'), note: valueOf('Note'), name: valueOf('JobBatchName') };
}

describe('A submit command', () => {
  it.each(['alone', 'in rows, one of many'])(
    'stays one value of one job, whatever it holds: %s',
    async (how) => {
      await using executor = new HTCondorExecutor({ directory });
      const shown = await Promise.all(
        NASTY.map(async (text, index) => {
          const submit = {
            // Jobs that have other attributes are submitted by themselves.
            ...(how === 'alone' && { [`+Alone${index}`]: 1 }),
            batch_name: text,
            '+Note': `"${text}"`,
            request_memory: 128,
            request_disk: 1024,
          };
          return executor.with({ submit }).submit(show);
        }),
      );
      const rows = NASTY.filter((text) => !NO_ROW.has(text)).length;
      expect(shown.map(({ procs }) => procs)).toEqual(
        NASTY.map((text) => (how === 'alone' || NO_ROW.has(text) ? '1' : String(rows))),
      );
      expect(shown.map(({ note }) => note)).toEqual(NASTY.map((text) => `"${text}"`));
      expect(shown.map(({ name }) => name)).toEqual(NASTY.map((text) => `"${text}"`));
      const queued = execFileSync('condor_q', ['-af', 'ClusterId', 'Cmd'], { encoding: 'utf8' });
      expect(queued).not.toContain('/bin/false');
    },
  );
});
