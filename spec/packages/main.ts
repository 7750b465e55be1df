// Tries the payload with the packages that people use: `npm run test:packages`. Each package is used in a program of its own,
// in five ways, and what its jobs give is compared with what the same calls give at home. See docs/packages.md.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import { formatPage, type Recorded, recordedOf } from './page.ts';
import { runSubject, type Verdicts } from './run-subject.ts';
import { formsOf, packageOf, type Subject } from './subject.ts';
import { SUBJECTS } from './subjects.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** What packages need of others is installed as it was on this day, to be the same on each machine. */
const DAY = '2026-11-30';

const { values: options } = parseArgs({
  options: {
    /** Names of packages, separated by commas. */
    only: { type: 'string' },
    /** A directory for the packages, about 1 GB; what is there already is used again. */
    directory: { type: 'string', default: join(homedir(), '.cache', 'condor-futures', 'packages') },
    /** The Node.js that runs the programs and their jobs. */
    node: { type: 'string', default: process.execPath },
    /** Directory of another condor-futures to try, which has been built. */
    library: { type: 'string', default: REPOSITORY },
    /** Writes the verdicts into the record under this name, and docs/packages.md from it. */
    record: { type: 'string' },
    /** Longest time of a cell in seconds. */
    limit: { type: 'string', default: '60' },
    /** Programs that run at the same time. */
    concurrency: { type: 'string', default: '2' },
  },
});

const names = options.only?.split(',');
const subjects = SUBJECTS.filter(
  (subject) => names?.includes(subject.name) !== false || names.includes(packageOf(subject)),
);
const directory = resolve(options.directory);
install(subjects);

const queue = new PQueue({ concurrency: Number(options.concurrency) });
const surroundings = {
  directory,
  node: options.node,
  library: resolve(options.library),
  limitMs: Number(options.limit) * 1000,
};
const all: Record<string, Verdicts> = {};
await queue.addAll(
  subjects.flatMap((subject) =>
    formsOf(subject).map((form) => async () => {
      const title = form === 'module' ? subject.name : `${subject.name} by require`;
      const verdicts = await runSubject(subject, form, surroundings);
      all[title] = verdicts;
      const words = Object.entries(verdicts).map(([cell, { verdict }]) => `${cell} ${verdict}`);
      const { bytes, ms } = verdicts.used;
      console.log(`${title}: ${words.join(', ')}; ${bytes} bytes, ${ms?.toFixed(1)} ms`);
      for (const [cell, { verdict, why }] of Object.entries(verdicts)) {
        if (verdict !== 'right') console.log(`    ${cell}: ${why?.replaceAll('\n', '\n        ')}`);
      }
    }),
  ),
);

const counts: Record<string, number> = { right: 0, refused: 0, wrong: 0, invalid: 0 };
for (const verdicts of Object.values(all)) {
  for (const { verdict } of Object.values(verdicts)) counts[verdict] = (counts[verdict] ?? 0) + 1;
}
console.log(
  `${Object.keys(all).length} programs: ${Object.entries(counts)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ')}`,
);
if (options.record !== undefined) record(options.record);
if (counts['wrong'] !== 0 || counts['invalid'] !== 0) process.exitCode = 1;

/** Installs what the subjects need, unless the directory has it. */
function install(wanted: readonly Subject[]): void {
  const dependencies = Object.assign(
    {},
    ...wanted.map((subject) => ({ ...subject.beside, [packageOf(subject)]: subject.version })),
  ) as Record<string, string>;
  const missing = Object.entries(dependencies).filter(([name, version]) => {
    const manifest = join(directory, 'node_modules', name, 'package.json');
    return (
      !existsSync(manifest) ||
      (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version !== version
    );
  });
  if (missing.length === 0) return;
  mkdirSync(directory, { recursive: true });
  const manifest = join(directory, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, JSON.stringify({ private: true }));
  const specifiers = missing.map(([name, version]) => `${name}@${version}`);
  const flags = ['--save-exact', '--no-audit', '--no-fund', '--legacy-peer-deps', '--loglevel', 'error'];
  execFileSync('npm', ['install', ...flags, `--before=${DAY}`, ...specifiers], {
    cwd: directory,
    stdio: 'inherit',
  });
}

/** Adds the verdicts to the record, and writes the page from it. */
function record(name: string): void {
  const file = join(REPOSITORY, 'spec', 'packages', 'record.json');
  const recorded = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded) : {};
  const version = execFileSync(options.node, ['--version'], { encoding: 'utf8' });
  const run = ((recorded[name] ??= {})[version.slice(1).split('.')[0] ?? ''] ??= {});
  for (const [title, verdicts] of Object.entries(all)) run[title] = recordedOf(verdicts);
  const page = join(REPOSITORY, 'docs', 'packages.md');
  writeFileSync(file, JSON.stringify(recorded));
  writeFileSync(page, formatPage(SUBJECTS, recorded));
  execFileSync('npx', ['prettier', '--write', file, page], { cwd: REPOSITORY });
}
