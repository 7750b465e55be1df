import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CELLS, type Cell, type Form, programOf, type Subject } from './subject.ts';

/** An outcome of a cell. */
export interface Verdict {
  /** `invalid`: the cell does not work at home either, so it tells nothing. */
  readonly verdict: 'right' | 'refused' | 'wrong' | 'invalid';
  readonly why?: string;
  /** Of the function of the cell `used`: its size, and how long its capture takes once its modules are known. */
  readonly bytes?: number;
  readonly ms?: number;
}

export type Verdicts = Readonly<Record<Cell, Verdict>>;

/** Where programs are run, and with what. */
export interface Surroundings {
  /** Has `node_modules` with all packages. */
  readonly directory: string;
  readonly node: string;
  /** Directory of the condor-futures to try, which has been built. */
  readonly library: string;
  /** Longest time of a cell, in milliseconds. */
  readonly limitMs: number;
}

/** A cell that blocks its process is given so much more time before the process is ended. */
const GRACE_MS = 20_000;
const RUNNER = new URL('run-cells.mjs', import.meta.url).href;

/** Runs the program of a subject: again for the remaining cells if one of them ends or blocks its process. */
export async function runSubject(subject: Subject, form: Form, around: Surroundings): Promise<Verdicts> {
  const name = `${subject.name.replaceAll(/[^\w.-]+/g, '-')}-${form}-${process.pid}`;
  const directory = join(around.directory, 'programs', name);
  mkdirSync(directory, { recursive: true });
  const program = join(directory, form === 'module' ? 'program.mjs' : 'program.cjs');
  writeFileSync(program, programOf(subject, form, RUNNER));
  const verdicts: Partial<Record<Cell, Verdict>> = {};
  try {
    for (let left = CELLS.filter((cell) => !(cell in verdicts)); left.length > 0;) {
      // oxlint-disable-next-line no-await-in-loop -- each run is for what the one before has left
      Object.assign(verdicts, await runProgram(program, left, around));
      left = CELLS.filter((cell) => !(cell in verdicts));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return verdicts as Verdicts;
}

/** @returns the verdicts of at least the first cell */
async function runProgram(
  program: string,
  cells: readonly Cell[],
  { node, library, limitMs }: Surroundings,
): Promise<Partial<Record<Cell, Verdict>>> {
  const report = `${program}.report`;
  writeFileSync(report, '');
  const verdictsNow = (): Partial<Record<Cell, Verdict>> => {
    const lines = readFileSync(report, 'utf8').trim().split('\n').filter(Boolean);
    const parsed = lines.map((line) => JSON.parse(line) as { cell: Cell } & Partial<Verdict>);
    return Object.fromEntries(
      parsed.filter(({ verdict }) => verdict !== undefined).map(({ cell, ...verdict }) => [cell, verdict]),
    );
  };
  const child = spawn(node, [program], {
    cwd: join(program, '..'),
    env: {
      ...process.env,
      NODE_OPTIONS: undefined,
      PACKAGES_LIBRARY: library,
      PACKAGES_CELLS: cells.join(' '),
      PACKAGES_LIMIT: String(limitMs),
      PACKAGES_REPORT: report,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  let before = -1;
  let ended = '';
  const watch = setInterval(() => {
    const count = Object.keys(verdictsNow()).length;
    if (count === before) {
      ended = `blocked for more than ${limitMs / 1000} s`;
      child.kill('SIGKILL');
    }
    before = count;
  }, limitMs + GRACE_MS);
  const how = await new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(`ended with ${code ?? signal}`));
  });
  clearInterval(watch);
  const verdicts = verdictsNow();
  const [next] = cells.filter((cell) => !(cell in verdicts));
  if (next === undefined) return verdicts;
  // A program that cannot even begin says so of all its cells.
  const why = `the program ${ended === '' ? how : ended}: ${output.slice(-1000)}`;
  return { ...verdicts, [next]: { verdict: 'wrong', why } };
}
