import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { runCommand } from '../../lib/batch/run-command.ts';
import { CommandError, CommandNotFoundError } from '../../lib/base/errors.ts';
import { builtModule } from '../support/built-file.ts';

describe('runCommand', () => {
  it('passes arguments and stdin on as they are, through no shell', async () => {
    const { stdout } = await runCommand(
      'sh',
      ['-c', 'printf "%s|" "$@"; cat', 'sh', '$HOME; true', "it's *"],
      { input: 'input $x' },
    );
    expect(stdout).toBe("$HOME; true|it's *|input $x");
  });

  it('gives what was said on both streams', async () => {
    expect(await runCommand('sh', ['-c', 'echo out; echo é >&2'])).toEqual({
      stdout: 'out\n',
      stderr: 'é\n',
    });
  });

  it('bears a program that does not read its input', async () => {
    expect((await runCommand('true', [], { input: 'x'.repeat(10_000_000) })).stdout).toBe('');
  });

  it.each([
    ['exit 3', 'exit code 3: no', 3],
    ['kill -9 $$', 'signal SIGKILL: no', null],
  ])('tells how it failed: %s', async (script, how, exitCode) => {
    const failure = runCommand('sh', ['-c', `echo no >&2; ${script}`]);
    await expect(failure).rejects.toThrow(CommandError);
    await expect(failure).rejects.toMatchObject({
      command: 'sh',
      exitCode,
      stderr: 'no\n',
      message: expect.stringContaining(how),
    });
  });

  it('kills what gives no answer in time, and does not wait for what that has started', async () => {
    const failure = runCommand('sh', ['-c', 'echo no >&2; sleep 60 & wait'], { timeout: 300 });
    await expect(failure).rejects.toThrow(CommandError);
    await expect(failure).rejects.toMatchObject({
      exitCode: null,
      message: 'sh gave no answer for 0.3 s, and was ended',
    });
  });

  it.each([Infinity, 2 ** 40, 60_000.5])('takes any time for the longest: %p', async (timeout) => {
    expect((await runCommand('echo', ['done'], { timeout })).stdout).toBe('done\n');
  });

  it('tells that a program is not there', async () => {
    await expect(runCommand('condor_nonesuch', [])).rejects.toThrow(CommandNotFoundError);
    await expect(runCommand('condor_nonesuch', [])).rejects.toThrow(
      'condor_nonesuch is not on PATH. Remedy:',
    );
  });

  it('says that it cannot be started where the process has no file descriptor left', () => {
    const module = builtModule('batch/run-command');
    const program = `
      import { openSync } from 'node:fs';
      import { runCommand } from ${JSON.stringify(module)};
      try { for (;;) openSync('/dev/null'); } catch {}
      try { await runCommand('true', []); } catch (error) { console.log(error.name, error.message); }`;
    const args = [process.execPath, '--input-type=module', '--eval', program];
    const script = 'ulimit -n 64; exec "$@"';
    const { stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', ...args], { encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['CommandError true cannot be started: spawn true EMFILE\n', '']);
  });
});
