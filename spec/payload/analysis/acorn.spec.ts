import { describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadAcorn, trustingParser } from '../../../lib/payload/analysis/parse.ts';

const FILE = fileURLToPath(new URL('../../../lib/payload/analysis/parse.ts', import.meta.url));

/** Its output after it has printed how much of the parser there is before and after the first use. */
function run(source: string, ...options: string[]): string {
  return execFileSync(process.execPath, [...options, '--eval', source], {
    env: process.env,
    encoding: 'utf8',
  });
}

describe('The parser', () => {
  it('is loaded, and is the same each time', () => {
    expect(loadAcorn().parse('1 + 1', { ecmaVersion: 'latest' }).type).toBe('Program');
    expect(trustingParser()).toBe(trustingParser());
  });

  it('takes the regular expressions that V8 has taken', () => {
    const source = '/\\p{Script=NoSuchScriptYet}/u.test(/(?<a>.)(?<a>.)/)';
    expect(trustingParser().parse(source, { ecmaVersion: 'latest' }).type).toBe('Program');
  });

  it('is loaded in an ES module on first use only', () => {
    const source = `
      import { createRequire } from 'node:module';
      import { loadAcorn } from ${JSON.stringify(FILE)};
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('acorn')).length;
      console.log(loaded(), typeof loadAcorn().parse, loaded());`;
    expect(run(source, '--import', 'tsx', '--input-type=module')).toBe('0 function 1\n');
  });

  it('is part of a bundle, and needs nothing beside it', () => {
    const { outputFiles } = buildSync({
      entryPoints: [FILE],
      bundle: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      logOverride: { 'empty-import-meta': 'silent' },
    });
    const bundle = outputFiles[0]?.text ?? '';
    const source = `${bundle}\nprocess.stdout.write(typeof module.exports.loadAcorn().parse)`;
    expect(
      execFileSync(process.execPath, ['-'], { cwd: '/', env: process.env, input: source, encoding: 'utf8' }),
    ).toBe('function');
  });
});
