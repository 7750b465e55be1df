import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { Cases } from './programs.ts';
import { makeProject } from './project.ts';
import { NO_REPORT, runCases, type Outcome, type Program } from './run-cases.ts';

/** A way to run programs: in one process all cases are sent, in another one, of plain Node.js, they are used. */
export interface Environment {
  readonly name: string;
  readonly cases: readonly Cases[];
  /** Each file of cases is a program of its own, rather than a module of one. */
  readonly apart?: boolean;
  /** Packages of this repository that its project has. */
  readonly packages?: readonly string[];
  /** Writes what is to be run into the directory of a project. */
  readonly prepare: (directory: string, cases: readonly Cases[]) => Omit<Program, 'directory'>;
  /** Titles of the cases that are otherwise there, with the reason. */
  readonly except?: Record<string, string>;
}

/** The first spec of each waits for all of its cases. */
const TIMEOUT_MS = 600_000;

/** Declares a spec for each file of cases. */
export function describeEnvironment(environment: Environment): void {
  const { name, cases, packages, prepare, apart = false, except = {} } = environment;
  describe(`The payload of a program ${name}`, () => {
    const directory = join(temporaryDirectory(), 'project');
    const reports = new Map<Cases, Promise<Record<string, Outcome>>>();
    beforeAll(() => {
      makeProject(directory, packages);
      for (const group of apart ? cases.map((file) => [file]) : [cases]) {
        const report = runCases({ directory, ...prepare(directory, group) });
        for (const file of group) reports.set(file, report);
      }
    });
    it.each(cases.map((file) => [file.topic, file] as const))(
      'passes on %s',
      async (topic, file) => {
        const report = (await reports.get(file)) ?? {};
        // Without a report there is but what the process printed.
        expect(report[NO_REPORT]).toBe(undefined);
        const outcomeOf = (title: string): Outcome | undefined =>
          report[apart ? title : `${topic}: ${title}`];
        const wrong = file.titles.filter((title) => !(title in except) && !isRight(outcomeOf(title)));
        expect(Object.fromEntries(wrong.map((title) => [title, outcomeOf(title)]))).toEqual({});
      },
      TIMEOUT_MS,
    );
  });
}

function isRight(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && JSON.stringify(outcome.actual) === JSON.stringify(outcome.expected);
}

/**
 * Writes a module for each file of cases, and `all.${extension}`, which runs them.
 * @param compile what becomes of the text of each
 */
export function writeModules(
  directory: string,
  cases: readonly Cases[],
  extension: string,
  compile: (source: string, file: string) => string = (source) => source,
): void {
  const write = (name: string, source: string): void => {
    const file = `${name}.${extension}`;
    writeFileSync(join(directory, file), compile(source, file));
  };
  for (const { topic, source } of cases) write(topic, source + ONLY_HERE);
  const imports = cases.map(
    ({ topic }, i) => `import { cases as cases${i} } from './${topic}.${extension}';`,
  );
  const all = cases.map(({ topic }, i) => `'${topic}': cases${i}`);
  write(
    'all',
    `${imports.join('\n')}\n${RUN_ALL}\nexport const done = runAll({ ${all.join(', ')} }, payload);\n`,
  );
}

const ONLY_HERE = `
if (process.env.CONFORMANCE_REPORT === undefined) throw new Error('the other process loaded the source of the case');
`;

const RUN_ALL = `import { runAll } from 'conformance';
import * as payload from 'condor-futures/payload';`;
