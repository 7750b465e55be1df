import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** What is bundled for the programs: `capture` for the submitting side, `load` for the job's. */
export interface TwoProcesses {
  readonly directory: string;
  /** Files that went into the bundle of the job's side. */
  readonly loaderInputs: readonly string[];
  /** Runs an ES module of this text that lies in the directory, with node as it is; what it printed, as JSON. */
  readonly run: (program: string, options?: RunOptions) => unknown;
}

interface RunOptions {
  readonly name?: string;
  /** What node is told to run, if not the program's name. */
  readonly as?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  readonly input?: unknown;
  readonly cwd?: string;
}

/**
 * References mean something in other processes, and in the main realm, which specs are not in. So programs of their own make and load
 * them: from `./capture.cjs` they have `referenceOf`, `lastResortOf`, `mayReference` and `inspecting`, from `./load.cjs`
 * `loadReference`.
 */
export function twoProcesses(): TwoProcesses {
  const directory = temporaryDirectory();
  symlinkSync(join(REPOSITORY, 'node_modules'), join(directory, 'node_modules'));
  bundle(CAPTURE, join(directory, 'capture.cjs'));
  const inputs = bundle(LOAD, join(directory, 'load.cjs'));
  return {
    directory,
    loaderInputs: inputs,
    run(
      program,
      { name = 'program.mjs', as = name, env, arguments: options = [], input = null, cwd = directory } = {},
    ) {
      writeFileSync(join(directory, name), program);
      const { status, stdout, stderr } = spawnSync(process.execPath, [...options, join(directory, as)], {
        cwd,
        encoding: 'utf8',
        input: JSON.stringify(input),
        env: { ...process.env, ...env },
      });
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as unknown;
    },
  };
}

function bundle(contents: string, outfile: string): string[] {
  const { metafile } = buildSync({
    stdin: { contents, resolveDir: REPOSITORY, loader: 'ts' },
    outfile,
    format: 'cjs',
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['acorn', 'nanoid'],
    metafile: true,
    logLevel: 'error',
  });
  return Object.keys(metafile.inputs);
}

const CAPTURE = `
  export { referenceOf, lastResortOf } from './lib/payload/reference/reference-of.ts';
  export { mayReference } from './lib/payload/reference/module-policy.ts';
  export { inspecting } from './spec/payload/reference/place-of.ts';
`;

const LOAD = `export { loadReference } from './lib/payload/reference/load-reference.ts';`;
