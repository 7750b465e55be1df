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

/** Pairs of processes that are started before it is their turn. */
const AHEAD = 2;

/** Each case has two processes of its own: the program, whose file is gone then, and one that gets nothing but the bytes. */
function describeInPairs(files: readonly Cases[]): void {
  const shared = join(temporaryDirectory(), 'project');
  beforeAll(() => makeProject(shared));

  const run = ({ topic, source }: Cases, title: string, i: number): Promise<Record<string, Outcome>> => {
    const file = `${topic}-${i}.mjs`;
    const directory = topic === 'edited-modules' ? `${shared}-${i}` : shared;
    if (directory !== shared) makeProject(directory);
    writeFileSync(join(directory, file), source + END_OF_ESM);
    const env = { CONFORMANCE_CASE: title, CONFORMANCE_SOURCE: file };
    return runCases({ directory, args: [file], env });
  };
  const pairs = files.flatMap((cases) =>
    cases.titles.map((title, i) => ({ topic: cases.topic, title, start: () => run(cases, title, i) })),
  );
  const reports = new Map<number, Promise<Record<string, Outcome>>>();
  const reportOf = (index: number): Promise<Record<string, Outcome>> | undefined => {
    if (!reports.has(index) && index < pairs.length)
      reports.set(index, (pairs[index] as (typeof pairs)[0]).start());
    return reports.get(index);
  };

  it.each(pairs.map(({ topic, title }, index) => [topic, title, index] as const))(
    '(%s) %s',
    async (_topic, _title, index) => {
      const report = reportOf(index);
      for (let next = 1; next <= AHEAD; next += 1) void reportOf(index + next);
      const outcomes = Object.entries((await report) ?? {});
      expect(outcomes.length).toBeGreaterThan(0);
      for (const [what, { expected, actual }] of outcomes) {
        expect({ what, outcome: actual }).toEqual({ what, outcome: expected });
      }
    },
  );
}
