import { describeEnvironment } from './environment.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { END_OF_ESM, specialCases, type Cases } from './programs.ts';

function writeProgram(directory: string, cases: readonly Cases[]): string {
  const file = 'program.mjs';
  writeFileSync(join(directory, file), cases.map(({ source }) => source + END_OF_ESM).join(''));
  return file;
}

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

describeEnvironment({
  name: 'that has no permission to use the inspector',
  cases: [specialCases('without-inspector')],
  apart: true,
  prepare(directory, cases) {
    const allowed = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-child-process'];
    return { args: [permission, ...allowed, writeProgram(directory, cases)] };
  },
});

describeEnvironment({
  name: 'that sends very much',
  cases: [specialCases('memory')],
  apart: true,
  prepare: (directory, cases) => ({ args: ['--expose-gc', writeProgram(directory, cases)] }),
});
