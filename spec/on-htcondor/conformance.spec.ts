import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { casesForEsm } from '../payload/conformance/programs.ts';
import { makeProject } from '../payload/conformance/project.ts';
import { runCases, type Outcome } from '../payload/conformance/run-cases.ts';

/** Those that look at the process that submits, or at files that the other one must not find as they were. */
const APART = new Set(['edited-modules', 'refusals', 'submit-side']);

describe('A third of the cases of the payload, as jobs of a pool', () => {
  const shared = mkdtempSync(join(process.env['CONDOR_FUTURES_SHARED'] ?? homedir(), 'conformance-'));
  const directory = join(shared, 'project');
  let outcomes: Record<string, Outcome> = {};

  beforeAll(async () => {
    makeProject(directory);
    const topics = casesForEsm().filter(({ topic }) => !APART.has(topic));
    for (const { topic, source } of topics) writeFileSync(join(directory, `${topic}.mjs`), source);
    const imports = topics.map(({ topic }, at) => `import { cases as cases${at} } from './${topic}.mjs';`);
    const all = topics.map(({ topic }, at) => `'${topic}': cases${at}`);
    const run = `import { runInJobs } from 'conformance/in-jobs.mjs';\nawait runInJobs({ ${all.join(', ')} });\n`;
    writeFileSync(join(directory, 'all.mjs'), `${imports.join('\n')}\n${run}`);
    const env = { CONFORMANCE_JOBS: shared };
    outcomes = await runCases({ directory, args: ['all.mjs'], env });
  });

  afterAll(() => rmSync(shared, { recursive: true, force: true }));

  it('come out as they do here', () => {
    const wrong = Object.entries(outcomes).filter(([, { expected, actual }]) => expected !== actual);
    expect(Object.fromEntries(wrong)).toEqual({});
    expect(Object.keys(outcomes).length).toBeGreaterThan(40);
  });
});
