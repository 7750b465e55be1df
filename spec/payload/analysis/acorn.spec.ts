import { describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as names from '../../../lib/job-set/names.ts';
import { trustingParser } from '../../../lib/payload/analysis/parse.ts';
import { RUNNER } from '../../support/built-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FILE = fileURLToPath(new URL('../../../lib/payload/analysis/parse.ts', import.meta.url));
const PAYLOAD = new URL('../../../dist/payload/index.js', import.meta.url).href;

/** Prints what becomes of a closure that was sent. */
const ASYNC = `(async () => {
  const { serialize, deserialize } = await import('${PAYLOAD}');
  const factor = 2;
  console.log((await deserialize(serialize((x) => x * factor)))(21));
})()`;
const PROGRAM = `${ASYNC}.catch(console.log)`;

/** A directory whose packages are others than ours, such as an old parser. */
const directory = temporaryDirectory();
mkdirSync(join(directory, 'node_modules', 'acorn'), { recursive: true });
writeFileSync(
  join(directory, 'node_modules', 'acorn', 'index.js'),
  "throw new Error('This is not the parser of condor-futures');",
);

describe('The parser', () => {
  it('is the same each time', () => {
    expect(trustingParser()).toBe(trustingParser());
  });

  it('takes the regular expressions that V8 has taken', () => {
    const source = '/\\p{Script=NoSuchScriptYet}/u.test(/(?<a>.)(?<a>.)/)';
    expect(trustingParser().parse(source, { ecmaVersion: 'latest' }).type).toBe('Program');
  });

  it.each([
    ['--eval', { args: ['--eval', PROGRAM] }],
    ['--print', { args: ['--print', PROGRAM] }],
    ['--eval, as an ES module,', { args: ['--input-type=module', '--eval', PROGRAM] }],
    ['standard input', { args: ['-'], input: PROGRAM }],
    ['the REPL', { args: ['--interactive'], input: `await ${ASYNC.replaceAll('\n', ' ')}\n` }],
  ])(
    'is ours in a program from %s, where `require` finds another one',
    (_, { args, input = '' }: { readonly args: readonly string[]; readonly input?: string }) => {
      const options = { cwd: directory, env: process.env, encoding: 'utf8', input } as const;
      expect(execFileSync(process.execPath, args, options).replaceAll(/^.*> /gm, '')).toMatch(/^42$/m);
    },
  );

  it.each(['cjs', 'esm'] as const)('is part of a bundle (%s), and needs nothing beside it', (format) => {
    const { outputFiles } = buildSync({
      stdin: {
        contents: `import { trustingParser } from ${JSON.stringify(FILE)};
          process.stdout.write(typeof trustingParser().parse)`,
        resolveDir: dirname(FILE),
      },
      bundle: true,
      write: false,
      platform: 'node',
      format,
    });
    const file = join(directory, `bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`);
    writeFileSync(file, outputFiles[0]?.text ?? '');
    expect(execFileSync(process.execPath, [file], { env: process.env, encoding: 'utf8' })).toBe('function');
  });

  it('is not run in a job before it is needed', () => {
    const text = readFileSync(join(dirname(RUNNER), names.CODE_FILE), 'utf8');
    expect(text.match(/require_acorn\(\)/g)).toHaveLength(2);
    expect(text).toMatch(
      /\{get Parser\(\)\{return require_acorn\(\)\.Parser\},get parse\(\)\{return require_acorn\(\)\.parse\}\}/,
    );
  });
});
