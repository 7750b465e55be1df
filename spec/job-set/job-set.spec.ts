import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { JobSet, listOutcomes } from '../../lib/job-set/job-set.ts';
import type { RunnerSetup } from '../../lib/job-set/job-script.ts';
import { TURNED_AWAY } from '../../lib/job-set/names.ts';
import * as names from '../../lib/job-set/names.ts';
import { thrownBy } from '../support/thrown-by.ts';

let parent: string;
let runner: RunnerSetup;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'job-set-'));
  writeFileSync(
    join(parent, 'runner.js'),
    'console.log(JSON.stringify([process.argv.slice(2), process.execArgv, process.env.FROM_SETUP]))',
  );
  runner = {
    runner: join(parent, 'runner.js'),
    node: process.execPath,
    execArgv: [],
    environment: { variables: {} },
    setup: [],
  };
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('a job set', () => {
  it('is a directory of its own, closed to others', async () => {
    const [one, two] = [await JobSet.create(parent, runner, {}), await JobSet.create(parent, runner, {})];
    expect(one.directory).not.toBe(two.directory);
    expect(statSync(one.directory).mode & 0o777).toBe(0o700);
    expect(one.id).toMatch(/^\d{8}-\d{6}-[0-9a-z]{8}$/);
  });

  it('has no file that others may read, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const jobSet = await JobSet.create(parent, runner, {});
      await jobSet.writeFunction('abc', Buffer.from('function'));
      await jobSet.writeInputs([Buffer.from('call')]);
      await jobSet.note({ event: 'submitting' });
      run(jobSet);
      const entries = readdirSync(jobSet.directory, { recursive: true, withFileTypes: true });
      const open = entries.filter(
        (entry) => (statSync(join(entry.parentPath, entry.name)).mode & 0o077) !== 0,
      );
      expect(open.map(({ name }) => name)).toEqual([]);
      expect(entries.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['journal.jsonl', '7.out', '7.err']),
      );
    } finally {
      process.umask(umask);
    }
  });

  it('says who made it and how', async () => {
    const jobSet = await JobSet.create(parent, runner, {
      system: 'HTCondor',
      setup: ['module load "x": #1\n'],
      map: { axes: [2, 3], contents: undefined },
      delivery: undefined,
    });
    const { directory, id } = jobSet;
    const header = parse(readFileSync(names.headerFile(directory), 'utf8')) as Record<string, unknown>;
    expect(header).toMatchObject({
      id,
      pid: process.pid,
      cwd: process.cwd(),
      system: 'HTCondor',
      setup: ['module load "x": #1\n'],
      map: { axes: [2, 3] },
    });
    expect(await jobSet.readHeader()).toEqual(header);
  });

  it('says that another version has made it', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    writeFileSync(names.headerFile(jobSet.directory), 'system: HTCondor\nmap:\n  axes: [ 2 ]\n');
    await expect(jobSet.readHeader()).rejects.toMatchObject({
      name: 'DirectoryError',
      message: expect.stringContaining('Remedy: use the version that made it'),
    });
  });

  it('puts the calls of a submission into one file and tells where each lies', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    const locations = await jobSet.writeInputs([Buffer.from('abc'), Buffer.from(''), Buffer.from('de')]);
    expect(locations).toEqual([
      { batch: 1, offset: 0, length: 3 },
      { batch: 1, offset: 3, length: 0 },
      { batch: 1, offset: 3, length: 2 },
    ]);
    expect(readFileSync(names.inputsFile(jobSet.directory, 1), 'utf8')).toBe('abcde');
    expect((await jobSet.writeInputs([Buffer.from('f')]))[0]?.batch).toBe(2);
  });

  it('begins another file where one would be large', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    const large = Buffer.alloc(40 * 1024 * 1024);
    const locations = await jobSet.writeInputs([Buffer.from('a'), large, large, Buffer.from('b')]);
    expect(locations.map(({ batch, offset }) => [batch, offset])).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
      [2, large.length],
    ]);
  });

  it('writes a function once', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    await jobSet.writeFunction('abc', Buffer.from('first'));
    await jobSet.writeFunction('abc', Buffer.from('second'));
    expect(readFileSync(names.functionFile(jobSet.directory, 'abc'), 'utf8')).toBe('first');
  });

  it('keeps a journal, a line for each note', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    await jobSet.note({ event: 'submitting', text: 'two\nlines' });
    await jobSet.note({ event: 'submitted' });
    const lines = readFileSync(names.journalFile(jobSet.directory), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'submitting',
      'submitted',
    ]);
  });

  it('lists and reads whole outcomes only', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    writeFileSync(names.outcomeFile(jobSet.directory, '7'), 'whole', { mode: 0o600 });
    writeFileSync(names.outcomeFile(jobSet.directory, '8.node7-5-1.tmp'), 'torn');
    expect(await listOutcomes(jobSet.directory)).toEqual(['7']);
    expect((await jobSet.readOutcome('7'))?.toString()).toBe('whole');
    expect(await jobSet.readOutcome('8')).toBeUndefined();
  });

  it('reads no outcome that another user could have written, nor through a link', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    const file = names.outcomeFile(jobSet.directory, '7');
    writeFileSync(file, 'evil');
    chmodSync(file, 0o666);
    await expect(jobSet.readOutcome('7')).rejects.toThrow('can be written by other users');
    symlinkSync(file, names.outcomeFile(jobSet.directory, '8'));
    await expect(jobSet.readOutcome('8')).rejects.toThrow('is a symbolic link');
  });

  it('is not used when another user could have put it there', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    const theirs = { name: 'OwnershipError', file: jobSet.directory };
    chmodSync(jobSet.directory, 0o777);
    await expect(jobSet.writeInputs([Buffer.from('secret')])).rejects.toMatchObject(theirs);
    await expect(jobSet.note({ event: 'submitting' })).rejects.toMatchObject(theirs);
    await expect(jobSet.readOutcome('7')).rejects.toMatchObject(theirs);
    chmodSync(jobSet.directory, 0o700);
    renameSync(jobSet.directory, `${jobSet.directory}.away`);
    symlinkSync(`${jobSet.directory}.away`, jobSet.directory);
    await expect(jobSet.note({ event: 'submitting' })).rejects.toMatchObject(theirs);
  });

  it('goes on with a new line in the journal, though another one was being written while one could not be', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    const journal = names.journalFile(jobSet.directory);
    const long = jobSet.note({ event: 'a', text: 'x'.repeat(20_000_000) });
    while (!existsSync(journal)) await new Promise((resolve) => setImmediate(resolve));
    renameSync(journal, `${journal}.before`);
    symlinkSync('/dev/full', journal);
    await expect(jobSet.note({ event: 'b' })).rejects.toMatchObject({ code: 'ENOSPC' });
    await long;
    rmSync(journal);
    writeFileSync(journal, '{"event":"b', { mode: 0o600 });
    await jobSet.note({ event: 'c' });
    const [torn, line] = readFileSync(journal, 'utf8').split('\n');
    expect(torn).toBe('{"event":"b');
    expect(JSON.parse(line as string)).toMatchObject({ event: 'c' });
  });

  it('goes on with a new line in the journal after one that could not be written', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    const journal = names.journalFile(jobSet.directory);
    symlinkSync('/dev/full', journal);
    await expect(jobSet.note({ event: 'submitting' })).rejects.toMatchObject({ code: 'ENOSPC' });
    rmSync(journal);
    writeFileSync(journal, '{"event":"subm', { mode: 0o600 });
    await jobSet.note({ event: 'submitting' });
    await jobSet.note({ event: 'submitted' });
    const lines = readFileSync(journal, 'utf8').split('\n');
    expect(lines.map((line) => line.slice(-12))).toEqual(
      ['{"event":"subm', '"submitting"}', '"submitted"}', ''].map((line) => line.slice(-12)),
    );
  });

  it('shows the end of a long log, in whole lines', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    writeFileSync(names.stdoutFile(jobSet.directory, '7'), 'first line\nsecond line\nthird line\n');
    expect(await jobSet.readLog('7', 'stdout')).toContain('first');
    expect(await jobSet.readLog('7', 'stdout', 18)).toBe('[the first 16 bytes are left out]\nthird line\n');
    expect(await jobSet.readLog('7', 'stderr')).toBe('');
  });

  it('removes what is asked for, and what is missing already is no error', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    await jobSet.writeInputs([Buffer.from('a')]);
    await jobSet.removeInputs(1);
    await jobSet.removeInputs(1);
    await jobSet.removeLogs('7');
    await jobSet.removeOutcome('7');
    expect(readdirSync(names.inputsDirectory(jobSet.directory))).toEqual([]);
  });

  it('goes as a whole, with the directory above if that was made for it', async () => {
    const jobSet = await JobSet.create(join(parent, 'new'), runner, {});
    await jobSet.remove();
    expect(existsSync(join(parent, 'new'))).toBe(false);
    await (await JobSet.create(parent, runner, {})).remove();
    expect(existsSync(parent)).toBe(true);
  });

  it('leaves nothing behind when it cannot be made', async () => {
    await expect(
      JobSet.create(parent, { ...runner, runner: join(parent, 'nonesuch') }, {}),
    ).rejects.toMatchObject({ code: 'ENOENT' });
    expect(readdirSync(parent)).toEqual(['runner.js']);
  });
});

/** Runs the script as a batch system does; what the runner printed. */
function run({ directory }: JobSet): unknown {
  execFileSync('/bin/sh', [names.scriptFile(directory), '7', '1', '20', '300', 'abc', '4']);
  return JSON.parse(readFileSync(names.stdoutFile(directory, '7'), 'utf8'));
}

describe('the script that every job runs', () => {
  it('runs the setup lines, then node with the runner, the job set and the job', async () => {
    const setup = ['FROM_SETUP="it\'s$*"', 'export FROM_SETUP', 'set -- other words'];
    const jobSet = await JobSet.create(parent, { ...runner, setup, execArgv: ['--no-warnings'] }, {});
    expect(run(jobSet)).toEqual([
      [jobSet.directory, '7', '1', '20', '300', 'abc'],
      ['--no-warnings'],
      "it's",
    ]);
  });

  it('leaves the umask of its machine to the call', async () => {
    const show = 'FROM_SETUP=$(umask); export FROM_SETUP';
    const jobSet = await JobSet.create(parent, { ...runner, setup: [show] }, {});
    const umask = process.umask(0o026);
    try {
      expect(run(jobSet)).toMatchObject([{}, {}, '0026']);
    } finally {
      process.umask(umask);
    }
  });

  it('runs nothing of a submission that was revoked', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    await jobSet.revoke(5);
    expect(run(jobSet)).toBeInstanceOf(Array);
    await jobSet.removeLogs('7');
    await jobSet.revoke(4);
    expect(await thrownBy((async () => run(jobSet))())).toMatchObject({ status: TURNED_AWAY });
    expect(readdirSync(names.logsDirectory(jobSet.directory))).toEqual([]);
    expect(readdirSync(names.revokedDirectory(jobSet.directory)).toSorted()).toEqual(['4', '4.7', '5']);
    expect([await jobSet.isRevoked(4), await jobSet.isRevoked(3)]).toEqual([true, false]);
  });

  it('runs again what had begun before its submission was revoked', async () => {
    const jobSet = await JobSet.create(parent, runner, {});
    run(jobSet);
    await jobSet.revoke(4);
    expect(run(jobSet)).toBeInstanceOf(Array);
  });

  it('keeps what was printed by a run that left its outcome, and by no other', async () => {
    writeFileSync(runner.runner, 'console.log(JSON.stringify(process.pid))');
    const jobSet = await JobSet.create(parent, runner, {});
    const first = run(jobSet);
    const second = run(jobSet);
    expect(second).not.toBe(first);
    writeFileSync(names.outcomeFile(jobSet.directory, '7'), '');
    writeFileSync(names.runnerFile(jobSet.directory), '');
    expect(run(jobSet)).toBe(second);
  });

  it('bears any directory name', async () => {
    const jobSet = await JobSet.create(join(parent, `it's $HOME "é" \`x\``), runner, {});
    expect(run(jobSet)).toMatchObject([[jobSet.directory, '7', '1', '20', '300', 'abc'], [], null]);
  });
});
