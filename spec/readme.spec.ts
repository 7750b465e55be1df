import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { builtModule } from './support/built-file.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  scripts: object;
};

describe('The README', () => {
  const program = `${temporaryDirectory()}/example.mts`;
  afterAll(() => rmSync(program, { force: true }));

  it('begins with a program that runs on this machine when one name is replaced', () => {
    const example = /```ts\n(.*?)```/s.exec(readme)?.[1] as string;
    const local = example
      .replaceAll('HTCondorExecutor', 'LocalExecutor')
      .replace("'condor-futures'", JSON.stringify(builtModule('index')))
      .replace("'/shared/me/jobs'", JSON.stringify(`${program}.jobs`))
      .replace('length: 1000', 'length: 10')
      .replace('1e9', '1e5');
    writeFileSync(program, local);
    const printed = execFileSync(process.execPath, ['--import', 'tsx', program], {
      cwd: repository,
      env: process.env,
      encoding: 'utf8',
    });
    const values = printed.trim().split('\n').map(Number);
    expect(values).toHaveLength(10);
    for (const value of values) expect(value).toBeCloseTo(Math.PI, 1);
  });

  it('names only scripts that there are', () => {
    const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name as string);
    expect(named.length).toBeGreaterThan(0);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it('names each class of error', async () => {
    const errors = Object.keys({
      ...(await import('../lib/base/errors.ts')),
      ...(await import('../lib/base/job-errors.ts')),
    });
    const told = readme + readFileSync(new URL('../docs/failures.md', import.meta.url), 'utf8');
    const missing = errors.filter((name) => !told.includes(`\`${name}`));
    expect(missing).toEqual([]);
  });
});
