import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from './support/temporary-directory.ts';

const repository = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const docs = readdirSync(join(repository, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs];
const { files, scripts } = JSON.parse(read('package.json')) as { files: string[]; scripts: object };

describe('The README', () => {
  const directory = temporaryDirectory();

  it('begins with a program that runs as it stands', () => {
    const program = /```js\n(.*?)```/s.exec(read('README.md'))?.[1] as string;
    mkdirSync(join(directory, 'node_modules'));
    symlinkSync(repository, join(directory, 'node_modules', 'condor-futures'));
    writeFileSync(join(directory, 'pi.mjs'), program);
    const printed = execFileSync(process.execPath, ['pi.mjs'], { cwd: directory, encoding: 'utf8' });
    const values = printed.trim().split('\n').map(Number);
    expect(values).toHaveLength(10);
    for (const value of values) expect(value).toBeCloseTo(Math.PI, 1);
  });

  it('shows folders in its picture that there are, of the code and of job sets', () => {
    const picture = /```\n(.*?)```/s.exec(
      read('README.md').split('## How it works')[1] as string,
    )?.[1] as string;
    const folders = [...picture.matchAll(/([\w-]+)\//g)].map(([, name]) => name as string);
    expect(folders.length).toBeGreaterThan(10);
    const inJobSets = read('lib/job-set/names.ts');
    const isThere = (name: string): boolean =>
      existsSync(join(repository, 'lib', name)) ||
      existsSync(join(repository, 'lib/cluster', name)) ||
      inJobSets.includes(`'${name}'`);
    expect(folders.filter((name) => !isThere(name))).toEqual([]);
  });
});

describe('The documentation', () => {
  it('leads nowhere that is not there', () => {
    expect(inPages((page) => linksOf(read(page)).filter((link) => !leadsSomewhere(page, link)))).toEqual([]);
  });

  it('has no line of prose over 120 columns', () => {
    const longLines = (page: string): string[] =>
      proseOf(page).filter((line) => !line.startsWith('|') && line.length > 120);
    expect(inPages(longLines)).toEqual([]);
  });

  it('has lists where tables would have long cells', () => {
    const longCells = (page: string): string[] =>
      proseOf(page)
        .filter((line) => line.startsWith('|'))
        .flatMap((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
        .filter((cell) => cell.length > 80 && !/^-+$/.test(cell));
    expect(inPages(longCells)).toEqual([]);
  });

  it('names only scripts that there are', () => {
    const scriptsOf = (page: string): string[] =>
      [...read(page).matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name as string);
    expect(scriptsOf('CONTRIBUTING.md').length).toBeGreaterThan(5);
    expect(inPages((page) => scriptsOf(page).filter((name) => !Object.hasOwn(scripts, name)))).toEqual([]);
  });

  it('names only files and folders of the code that there are', () => {
    expect(pathsOf('docs/where-is-what.md').length).toBeGreaterThan(50);
    expect(inPages((page) => pathsOf(page).filter((path) => !existsSync(join(repository, path))))).toEqual(
      [],
    );
  });

  it('has each page in its index', () => {
    const listed = linksOf(read('docs/README.md'));
    const missing = docs.filter(
      (page) => page !== 'docs/README.md' && !listed.includes(relative('docs', page)),
    );
    expect(missing).toEqual([]);
  });

  it('says of each folder of the code what is in it', () => {
    const folders = readdirSync(join(repository, 'lib'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(repository, join(entry.parentPath, entry.name)));
    expect(folders.length).toBeGreaterThan(10);
    const told = new Set(pathsOf('docs/where-is-what.md').map((path) => path.replace(/\/$/, '')));
    expect(folders.filter((folder) => !told.has(folder))).toEqual([]);
  });

  it('leads from published pages to published pages', () => {
    // npm always takes the README along; samples and specs are in the repository alone.
    const published = ['README.md', ...files];
    const unpublished = (page: string): string[] =>
      linksOf(read(page))
        .map((link) => join(dirname(page), link).replace(/#.*/, ''))
        .filter((path) => path.endsWith('.md'))
        .filter((path) => !published.some((name) => path === name || path.startsWith(`${name}/`)));
    expect(inPages(unpublished)).toEqual([]);
  });

  it('names each class of error', async () => {
    const errors = Object.keys({
      ...(await import('../lib/base/errors.ts')),
      ...(await import('../lib/base/job-errors.ts')),
    });
    const told = read('docs/errors.md') + read('docs/failures.md');
    expect(errors.filter((name) => !told.includes(`\`${name}`))).toEqual([]);
    const errorsOfMaps = Object.keys(await import('../lib/base/map-errors.ts'));
    expect(errorsOfMaps.filter((name) => !read('docs/maps.md').includes(`\`${name}`))).toEqual([]);
  });

  it('names each option of the executors', () => {
    const source = read('lib/cluster/cluster-options.ts');
    const table = /const TABLE: OptionTable = \{(.*?)\n\};/s.exec(source)?.[1] as string;
    const options = [...table.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name as string);
    expect(options).toContain('directory');
    expect(options.filter((name) => !read('docs/options.md').includes(`\`${name}\``))).toEqual([]);
  });
});

/** What is wrong in each page, behind its name. */
function inPages(wrongIn: (page: string) => string[]): string[] {
  return pages.flatMap((page) => wrongIn(page).map((wrong) => `${page}: ${wrong}`));
}

function proseOf(page: string): string[] {
  return withoutCode(read(page)).split('\n');
}

function withoutCode(text: string): string {
  return text.replaceAll(/^ *```.*?^ *```$/gms, '');
}

/** The targets of all links within the repository. */
function linksOf(text: string): string[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target as string);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  const file = resolve(repository, target);
  if (!existsSync(file)) return false;
  return anchor === undefined || (statSync(file).isFile() && anchorsOf(read(target)).includes(anchor));
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading as string);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Pages whose paths are below lib/, unless they say otherwise. */
const PAGES_OF_LIB: readonly string[] = ['docs/where-is-what.md', 'docs/how-a-call-travels.md'];

/** Files and folders of the code that a page names, by their paths in the repository. */
function pathsOf(page: string): string[] {
  const words = [...withoutCode(read(page)).matchAll(/`([^`\s]+)`/g)].map(([, word]) => word as string);
  return words.flatMap((word) => {
    if (/^(?:lib|spec|samples)\/[\w./-]*$/.test(word)) return [word];
    if (/^(?:[\w-]+\/)*[\w-]+\.ts$/.test(word)) return [`lib/${word}`];
    return PAGES_OF_LIB.includes(page) && /^(?:[\w-]+\/)+$/.test(word) ? [`lib/${word}`] : [];
  });
}
