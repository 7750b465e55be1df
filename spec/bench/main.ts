// Measures condor-futures beside bare HTCondor, and beside its peers where their checkouts are given: `npm run bench`, or for instance
// `npm run bench -- --only one-call,futures-500 --rounds 5 --clusterfutures PATH --htmap PATH --svg bench.svg`.
// In the personal pool, checkouts are below this repository or the directory that CONDOR_FUTURES_PEERS names (not in /tmp, which jobs
// do not see). Without a pool, the rows that need none are measured.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart, show, table, type Measured } from './report.ts';
import { summarize, type Bench, type Figures, type Row } from './row.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    clusterfutures: { type: 'string' },
    htmap: { type: 'string' },
    svg: { type: 'string' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const { clusterfutures, htmap } = values;
const peers: Bench['peers'] = {
  ...(clusterfutures !== undefined && { clusterfutures }),
  ...(htmap !== undefined && { htmap }),
};

const rows = wanted(await readRows(), values.only);
if (values.list) for (const { name, title, goal } of rows) console.log(`${name}: ${title} (${goal})`);
else await measureAll(rows);

async function readRows(): Promise<Row[]> {
  const files = readdirSync(new URL('rows/', import.meta.url)).toSorted();
  const modules = await Promise.all(
    files.map(
      async (file) =>
        (await import(new URL(`rows/${file}`, import.meta.url).href)) as { default: Row | Row[] },
    ),
  );
  return modules.flatMap((module) => module.default);
}

function wanted(all: readonly Row[], only: string | undefined): readonly Row[] {
  if (only === undefined) return all;
  return only.split(',').map((name) => {
    const row = all.find((each) => each.name === name);
    if (row === undefined) throw new RangeError(`There is no row ${name}: see --list`);
    return row;
  });
}

async function measureAll(all: readonly Row[]): Promise<void> {
  const pool = poolVersion();
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${pool ?? 'no HTCondor'}\n`);
  const measured: Measured[] = [];
  for (const row of all) {
    if (row.needsPool && pool === undefined) console.log(`${row.name}: not measured, needs HTCondor`);
    else {
      try {
        measured.push(await measure(row));
      } catch (error) {
        // The others are worth having all the same.
        console.error(`${row.name}: failed:`, error);
        process.exitCode = 1;
      }
    }
  }
  console.log(`\n${table(measured)}`);
  for (const { row, notes } of measured) for (const note of notes) console.log(`${row.name}: ${note}`);
  if (values.svg !== undefined) writeFileSync(values.svg, chart(measured));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(measured, undefined, 2)}\n`);
}

async function measure(row: Row): Promise<Measured> {
  const parent = row.needsPool ? (process.env['CONDOR_FUTURES_SHARED'] ?? homedir()) : tmpdir();
  const directory = mkdtempSync(join(parent, 'condor-futures-bench-'));
  const notes: string[] = [];
  const figures: Figures[] = [];
  const count = Number(values.rounds ?? row.rounds ?? 3);
  const bench = (round: number): Bench => ({ directory, round, peers, note: (text) => notes.push(text) });
  try {
    await row.prepare?.(bench(0));
    for (let round = 1; round <= count; round += 1) {
      const figure = await row.measure(bench(round));
      figures.push(figure);
      const beside = Object.entries(figure.beside).map(([name, value]) => `${name} ${show(value, row.unit)}`);
      console.log(
        `${row.name}, ${round} of ${count}: ${[show(figure.ours, row.unit), ...beside].join(', ')}`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return { row, summary: summarize(figures), notes };
}

function poolVersion(): string | undefined {
  try {
    return `HTCondor ${/\d+\.\d+\.\d+/.exec(execFileSync('condor_version', { encoding: 'utf8' }))?.[0]}`;
  } catch {
    return undefined;
  }
}
