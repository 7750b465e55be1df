import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));

/** The parts of a package.json that are read here. */
interface PackageJson {
  readonly dependencies: Record<string, string>;
}

/**
 * Makes a project as a user has it: the built package is installed in it, with other packages, and there are some modules for
 * programs to import.
 * @param packages more of this repository's packages that its programs use
 */
export function makeProject(directory: string, packages: readonly string[] = []): void {
  cpSync(join(FIXTURES, 'project'), directory, { recursive: true });
  const modules = join(directory, 'node_modules');
  cpSync(join(FIXTURES, 'packages'), modules, { recursive: true });
  const own = join(modules, 'condor-futures');
  cpSync(join(ROOT, 'dist'), join(own, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
  const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as PackageJson;
  for (const name of [...Object.keys(dependencies), 'unrs-resolver', ...packages]) link(modules, name);
  writeFileSync(join(directory, 'package.json'), '{ "name": "project", "private": true }');
}

function link(modules: string, name: string): void {
  const target = packageDirectory(name);
  mkdirSync(dirname(join(modules, name)), { recursive: true });
  if (!existsSync(join(modules, name))) symlinkSync(target, join(modules, name), 'dir');
}

/** Where a package of this repository is installed. */
export function packageDirectory(name: string): string {
  for (const directory of createRequire(join(ROOT, 'package.json')).resolve.paths(name) ?? []) {
    if (existsSync(join(directory, name))) return join(directory, name);
  }
  throw new Error(`no package ${name} is installed`);
}
