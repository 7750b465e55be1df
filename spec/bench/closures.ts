// Times capturing closures, and what comes with it: `npm run bench:closures`. With CONDOR_FUTURES_PULUMI naming a directory where
// @pulumi/pulumi is installed, it does the same functions by Pulumi's serializeFunction, in turn.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serialize as serializePlain } from 'node:v8';
import { deserialize, serialize } from 'condor-futures/payload';
import { Functions } from '../../lib/cluster/calls/functions.ts';
import { subjects } from './closure-subjects.ts';

type AnyFunction = (...args: never[]) => unknown;

const pulumi = process.env['CONDOR_FUTURES_PULUMI'];
const rounds = 100;

const median = (times: number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] as number;
const microseconds = (ms: number): string => `${(ms * 1000).toFixed(ms < 0.01 ? 2 : 0)} µs`;

/** Median of one call, in milliseconds. */
function time(act: () => unknown, times: number = rounds): number {
  return median(
    Array.from({ length: times }, () => {
      const start = performance.now();
      act();
      return performance.now() - start;
    }),
  );
}

async function timeAsync(act: () => Promise<unknown>, times: number): Promise<number> {
  const all: number[] = [];
  for (let round = 0; round < times; round += 1) {
    const start = performance.now();
    await act();
    all.push(performance.now() - start);
  }
  return median(all);
}

/** The first capture of a process, import of the library not included: in three processes. */
function timeFirst(library: 'own' | 'pulumi', name: string): number {
  const program = fileURLToPath(new URL('first-capture.ts', import.meta.url));
  const runs = Array.from({ length: 3 }, () =>
    Number(execFileSync(process.execPath, ['--import', 'tsx', program, library, name], { encoding: 'utf8' })),
  );
  return median(runs);
}

type SerializeFunction = (fn: AnyFunction) => Promise<{ text: string }>;
const serializeFunction =
  pulumi === undefined
    ? undefined
    : (createRequire(join(pulumi, 'x'))('@pulumi/pulumi').runtime.serializeFunction as SerializeFunction);

const rows: Record<string, Record<string, string>> = {};
for (const [name, fn] of Object.entries(subjects)) {
  const functions = new Functions({});
  for (let count = 0; count < 10; count += 1) functions.write(fn);
  const bytes = serialize(fn);
  const row: Record<string, string> = {
    'first capture': `${timeFirst('own', name).toFixed(1)} ms`,
    'warm capture': microseconds(time(() => serialize(fn))),
    'submitted again': microseconds(time(() => functions.write(fn))),
    load: microseconds(await timeAsync(async () => deserialize(bytes), rounds)),
    size: `${bytes.length} bytes`,
  };
  if (serializeFunction !== undefined) {
    try {
      const { text } = await serializeFunction(fn);
      row['Pulumi first'] = `${timeFirst('pulumi', name).toFixed(0)} ms`;
      row['Pulumi warm'] = microseconds(await timeAsync(async () => serializeFunction(fn), 30));
      row['Pulumi size'] = `${text.length} bytes`;
    } catch (error) {
      row['Pulumi warm'] = `refuses: ${(error as Error).message.split('\n')[0]?.slice(0, 60)}`;
    }
  }
  rows[name] = row;
}
console.table(rows);

const plain: Record<string, unknown> = {
  'a small argument list': [{ seed: 7, name: 'run', steps: [1, 2, 3] }],
  '1,000,000 doubles': [new Float64Array(1e6)],
  '100,000 objects': [Array.from({ length: 1e5 }, (_, id) => ({ id, name: `n${id}`, at: { x: id, y: 1 } }))],
};
const plainRows: Record<string, Record<string, string>> = {};
for (const [name, value] of Object.entries(plain)) {
  const times = name.startsWith('1') ? 15 : 2000;
  const own = time(() => serialize(value), times);
  const bare = time(() => serializePlain(value), times);
  const isSame = serialize(value).equals(serializePlain(value));
  plainRows[name] = {
    serialize: microseconds(own),
    'v8.serialize': microseconds(bare),
    ratio: (own / bare).toFixed(2),
    'same bytes': String(isSame),
  };
}
console.table(plainRows);
