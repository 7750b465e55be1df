import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { describeEnvironment } from './environment.ts';
import {
  casesForCommonJs,
  casesForEsm,
  END_OF_COMMONJS,
  END_OF_ESM,
  specialCases,
  type Cases,
} from './programs.ts';
import { makeProject } from './project.ts';
import { runCases, type Outcome } from './run-cases.ts';

/** A case waits for others, too. */
const TIMEOUT_MS = 300_000;

/** Others than this one are given as paths of binaries, with colons between them. */
const nodes = process.env['CONDOR_FUTURES_NODES']?.split(':') ?? [process.execPath];

for (const node of nodes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  describe(`The payload of an ES module run by Node.js ${version}`, () => {
    const special = (['depth', 'side-effects', 'explain'] as const).map(specialCases);
    describeInPairs(node, [...casesForEsm(), ...special]);
  });
  describeEnvironment({
    name: `of CommonJS run by Node.js ${version}`,
    cases: casesForCommonJs(),
    apart: true,
    prepare(directory, cases) {
      const file = `${cases.map(({ topic }) => topic).join()}.cjs`;
      writeFileSync(join(directory, file), cases.map(({ source }) => source + END_OF_COMMONJS).join(''));
      return { command: node, args: [file] };
    },
  });
}

/** Each case has two processes of its own: the program, whose file is gone then, and one that gets nothing but the bytes. */
function describeInPairs(node: string, files: readonly Cases[]): void {
  const shared = join(temporaryDirectory(), 'project');
  const reports = new Map<string, Promise<Record<string, Outcome>>>();
  beforeAll(() => {
    makeProject(shared);
    for (const { topic, titles, source } of files) {
      for (const [i, title] of titles.entries()) {
        const file = `${topic}-${i}.mjs`;
        const directory = topic === 'edited-modules' ? `${shared}-${i}` : shared;
        if (directory !== shared) makeProject(directory);
        writeFileSync(join(directory, file), source + END_OF_ESM);
        const env = { CONFORMANCE_CASE: title, CONFORMANCE_SOURCE: file };
        reports.set(`${topic} ${title}`, runCases({ directory, command: node, args: [file], env }));
      }
    }
  });
  const specs = files.flatMap(({ topic, titles }) => titles.map((title) => [topic, title] as const));
  it.each(specs)(
    '(%s) %s',
    async (topic, title) => {
      const report = (await reports.get(`${topic} ${title}`)) ?? {};
      for (const [what, { expected, actual }] of Object.entries(report)) {
        expect({ what, outcome: actual }).toEqual({ what, outcome: expected });
      }
    },
    TIMEOUT_MS,
  );
}
