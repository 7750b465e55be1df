import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { casesForEsm, END_OF_ESM, specialCases, type Cases } from './programs.ts';
import { makeProject } from './project.ts';
import { runCases, type Outcome } from './run-cases.ts';

describe(`The payload of an ES module run by Node.js ${process.version}`, () => {
  const special = (['depth', 'side-effects', 'explain'] as const).map(specialCases);
  describeInPairs([...casesForEsm(), ...special]);
});

/** Each case has two processes of its own: the program, whose file is gone then, and one that gets nothing but the bytes. */
function describeInPairs(files: readonly Cases[]): void {
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
        reports.set(`${topic} ${title}`, runCases({ directory, args: [file], env }));
      }
    }
  });
  const specs = files.flatMap(({ topic, titles }) => titles.map((title) => [topic, title] as const));
  it.each(specs)('(%s) %s', async (topic, title) => {
    const report = (await reports.get(`${topic} ${title}`)) ?? {};
    for (const [what, { expected, actual }] of Object.entries(report)) {
      expect({ what, outcome: actual }).toEqual({ what, outcome: expected });
    }
  });
}
