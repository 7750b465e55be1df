// Files that calls write: handed over by `outputFile`, they stay with the map until that is removed.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { currentJob, outputFile } from 'condor-futures';
import { openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

async function analyze(metal: string): Promise<number> {
  // A directory of the job's own, which goes with the job.
  const report = join(currentJob()?.scratchDirectory ?? '.', 'report.txt');
  await writeFile(report, `All about ${metal} ...\n`);
  outputFile(report);
  return metal.length;
}

const metals = ['gold', 'iron'];
const map = await executor.createMap(analyze, metals);

for (const [component, metal] of metals.entries()) {
  const future = map.future(component);
  await future;
  for (const { name, path } of await future.outputFiles()) {
    const { length } = await readFile(path, 'utf8');
    console.log(`${metal}: ${name} has ${length} characters`);
  }
}

await map.remove();
