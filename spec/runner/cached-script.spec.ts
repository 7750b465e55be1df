import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { seal, unseal } from '../../lib/payload/call.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { builtModule } from '../support/built-file.ts';

const parent = temporaryDirectory();
const module = builtModule('runner/cached-script');
let directory: string;
let script: string;
beforeEach(() => {
  directory = mkdtempSync(join(parent, 'script-'));
  script = join(directory, 'script.js');
  writeFileSync(script, '(function answer() { return 42; })');
});

/** What the script gave in a process of its own, which kept its code; and whether V8 took the code that was there. */
function run(...flags: readonly string[]): { value: unknown; used: boolean } {
  const program = `
    import { CachedScript } from ${JSON.stringify(module)};
    const script = new CachedScript(${JSON.stringify(script)});
    const value = script.run()();
    script.keep();
    console.log(JSON.stringify({ value, used: script.isKept }));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '--eval', program],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return JSON.parse(stdout) as ReturnType<typeof run>;
}

const caches = (): string[] => readdirSync(directory).filter((name) => name.startsWith('script.js.'));
const cache = (): string => join(directory, caches()[0] as string);

describe('The code of a script', () => {
  it('is compiled once, and taken from the file beside it from then on', () => {
    expect(run()).toEqual({ value: 42, used: false });
    expect(caches()).toEqual([expect.stringContaining(process.version)]);
    const before = readFileSync(cache());
    expect(run()).toEqual({ value: 42, used: true });
    expect(readFileSync(cache()).equals(before)).toBe(true);
  });

  it('is of one version of V8 and its flags', () => {
    run();
    expect(run('--no-opt')).toEqual({ value: 42, used: false });
    expect(caches()).toHaveLength(2);
    expect(run('--no-opt')).toEqual({ value: 42, used: true });
  });

  it('is compiled anew where the script is another', () => {
    run();
    writeFileSync(script, '(function answer() { return "another length"; })');
    expect(run()).toEqual({ value: 'another length', used: false });
    expect(run()).toEqual({ value: 'another length', used: true });
  });

  it('is not used if another user could have written it, nor if it is a link', () => {
    run();
    chmodSync(cache(), 0o666);
    expect(run()).toEqual({ value: 42, used: false });
    // It was put there anew, for nobody else to write.
    expect(run()).toEqual({ value: 42, used: true });
    const file = cache();
    renameSync(file, join(directory, 'away'));
    symlinkSync(join(directory, 'away'), file);
    expect(run()).toEqual({ value: 42, used: false });
    expect(lstatSync(file).isSymbolicLink()).toBe(false);
  });

  it('is not used if it is torn', () => {
    run();
    const bytes = readFileSync(cache());
    writeFileSync(cache(), bytes.subarray(0, bytes.length - 10));
    expect(run()).toEqual({ value: 42, used: false });
    const holed = Buffer.from(bytes).fill(0, 200, 300);
    writeFileSync(cache(), holed);
    expect(run()).toEqual({ value: 42, used: false });
    expect(run()).toEqual({ value: 42, used: true });
    expect(unseal(readFileSync(cache()))).toBeDefined();
  });

  it('is not used if V8 does not know it', () => {
    run();
    writeFileSync(cache(), seal(Buffer.alloc(1000)));
    expect(run()).toEqual({ value: 42, used: false });
  });

  it('is kept by one process although another one was ended while it did so', () => {
    run();
    const name = caches()[0] as string;
    renameSync(cache(), join(directory, `${name}.tmp`));
    expect(run()).toEqual({ value: 42, used: false });
    expect(run()).toEqual({ value: 42, used: true });
  });
});
