// Files that calls read: named by `inputFile` in the arguments, they are there where the call runs, also on
// machines that share no filesystem.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputFile } from 'condor-futures';
import { directory, openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

// Beside the executor's directory, which the jobs see, too.
const folder = await mkdtemp(`${directory}-texts-`);
const files = ['haiku.txt', 'limerick.txt'].map((name) => join(folder, name));
await writeFile(files[0] as string, 'an old silent pond\na frog jumps into the pond\nsplash silence again\n');
await writeFile(files[1] as string, 'there once was a schedd\n');

// What the function uses of Node's modules is there in the job as well.
async function countWords(file: string): Promise<number> {
  const text = await readFile(file, 'utf8');
  return text.split(/\s+/).filter(Boolean).length;
}

// The call gets a path, of the same file or of a copy that has travelled.
const map = await executor.createMap(
  countWords,
  files.map((file) => inputFile(file)),
);
console.log(`The poems have ${await map.get(0)} and ${await map.get(1)} words`);

await map.remove();
await rm(folder, { recursive: true });
