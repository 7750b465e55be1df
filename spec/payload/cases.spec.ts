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

describeEnvironment({
  name: 'of ES modules',
  cases: [...casesForEsm(), specialCases('any-name')],
  apart: true,
  prepare: (directory, cases) => program(directory, 'mjs', END_OF_ESM, cases),
});

describeEnvironment({
  name: 'of CommonJS',
  cases: casesForCommonJs(),
  apart: true,
  prepare: (directory, cases) => program(directory, 'cjs', END_OF_COMMONJS, cases),
});

function program(
  directory: string,
  extension: 'mjs' | 'cjs',
  end: string,
  cases: readonly Cases[],
): { args: string[] } {
  const file = `${cases.map(({ topic }) => topic).join()}.${extension}`;
  writeFileSync(join(directory, file), cases.map(({ source }) => source + end).join(''));
  return { args: [file] };
}
