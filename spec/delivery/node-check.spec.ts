import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { nodeCheck, parseNodeCheck, showNodeTrouble } from '../../lib/delivery/node-check.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const directory = temporaryDirectory();

/** Runs the lines as a job does, in a directory with a `node` that says this of its version. */
function check(
  said: string | undefined,
  first = '',
): { status: number | null; stdout: string; stderr: string } {
  const bin = join(directory, `bin-${Math.random()}`);
  mkdirSync(bin);
  if (said !== undefined) {
    writeFileSync(join(bin, 'node'), `#!/bin/sh\n${said}\n`);
    chmodSync(join(bin, 'node'), 0o700);
  }
  const lines = [
    first,
    `PATH=${bin}`,
    ...nodeCheck('node').map((line) => line.replace('$(PATH=/usr/bin:/bin uname -n)', 'host7')),
  ];
  const script = [...lines, 'echo here it would run'].join('\n');
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
  return { status, stdout, stderr: stderr.replaceAll(bin, '/bin') };
}

describe('The look for a node', () => {
  it.each(['v20.19.0', 'v20.20.2', 'v21.0.0', 'v22.4.1', 'v24.0.0-nightly', 'v30.1.0', 'v100.0.0'])(
    'lets %s be',
    (version) => {
      expect(check(`echo ${version}`)).toEqual({ status: 0, stdout: 'here it would run\n', stderr: '' });
    },
  );

  it.each(['v20.18.3', 'v20.9.0', 'v20.1.0', 'v18.20.8', 'v8.0.0', 'v0.10.48'])('refuses %s', (version) => {
    const { status, stdout, stderr } = check(`echo ${version}`);
    expect([status, stdout]).toEqual([69, '']);
    const trouble = { machine: 'host7', searched: '/bin', found: '/bin/node', version };
    expect(parseNodeCheck(stderr)).toEqual(trouble);
    expect(showNodeTrouble(trouble)).toBe(
      `found /bin/node, which is node ${version}, and 20.19 or newer is needed (on host7, PATH /bin)`,
    );
  });

  it('says that there is none', () => {
    const trouble = parseNodeCheck(check(undefined).stderr);
    expect(trouble).toEqual({ machine: 'host7', searched: '/bin', found: undefined, version: undefined });
    expect(trouble && showNodeTrouble(trouble)).toBe('found no node on PATH (on host7, PATH /bin)');
  });

  it('says what one says that does not run', () => {
    const { status, stderr } = check('echo "no libnode.so" >&2; exit 127');
    expect(status).toBe(69);
    const trouble = parseNodeCheck(stderr);
    expect(trouble && showNodeTrouble(trouble)).toBe(
      'found /bin/node, which is no node that runs there: it says no libnode.so (on host7, PATH /bin)',
    );
  });

  it.each(['set -e', 'set -u', 'set -eu'])('bears strict lines before it: %s', (first) => {
    expect(check('echo v22.0.0', first).status).toBe(0);
    expect(check(undefined, first).status).toBe(69);
    expect(check('exit 1', first).status).toBe(69);
  });

  it('finds the real one, and calls the machine by its name', () => {
    const script = [...nodeCheck(process.execPath), 'echo fine'].join('\n');
    expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe('fine\n');
    const { stderr } = spawnSync('/bin/sh', ['-c', nodeCheck("it's not there").join('\n')], {
      encoding: 'utf8',
    });
    expect(parseNodeCheck(stderr)?.machine).toBe(hostname());
    const nowhere = ['PATH=/nonesuch', ...nodeCheck('node')].join('\n');
    const there = spawnSync('/bin/sh', ['-c', nowhere], { encoding: 'utf8' }).stderr;
    expect(there).toMatch(/^condor-futures: /);
    expect(parseNodeCheck(there)?.machine).toBe(hostname());
  });

  it('is not seen in what a call has written', () => {
    expect(parseNodeCheck('')).toBeUndefined();
    expect(parseNodeCheck('node: not found')).toBeUndefined();
    expect(parseNodeCheck(`noise\n${check(undefined).stderr}`)?.searched).toBe('/bin');
  });
});
