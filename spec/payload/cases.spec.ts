import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment } from './conformance/environment.ts';
import {
  casesForCommonJs,
  casesForEsm,
  END_OF_COMMONJS,
  END_OF_ESM,
  specialCases,
  type Cases,
} from './conformance/programs.ts';

// All cases once, as plain programs: one for each file of cases. spec/payload/conformance starts them in every other way, too.

/** Paths of Node.js binaries, with colons between them; without it, the one that runs this. */
const nodes = process.env['CONDOR_FUTURES_NODES']?.split(':') ?? [process.execPath];

for (const node of nodes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  describeEnvironment({
    name: `of ES modules run by Node.js ${version}`,
    cases: [...casesForEsm(), specialCases('any-name')],
    apart: true,
    prepare: (directory, cases) => program(directory, node, 'mjs', END_OF_ESM, cases),
  });
  describeEnvironment({
    name: `of CommonJS run by Node.js ${version}`,
    cases: casesForCommonJs(),
    apart: true,
    prepare: (directory, cases) => program(directory, node, 'cjs', END_OF_COMMONJS, cases),
  });
}

function program(
  directory: string,
  command: string,
  extension: 'mjs' | 'cjs',
  end: string,
  cases: readonly Cases[],
): { command: string; args: string[] } {
  const file = `${cases.map(({ topic }) => topic).join()}.${extension}`;
  writeFileSync(join(directory, file), cases.map(({ source }) => source + end).join(''));
  return { command, args: [file] };
}
