// When calls fail: the errors come home, the other components go on, and what failed can be run again.
import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { directory, openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

const license = `${directory}-license`;

function solve(size: number): string {
  if (!existsSync(license)) throw new RangeError(`no license for size ${size}`);
  return `solved ${size}`;
}
const solveSome = (size: number): string => (size < 3 ? `solved ${size}` : solve(size));

const map = await executor.createMap(solveSome, [1, 2, 3, 4]);

// With `errorsOk`, `wait` does not end at the first error.
await map.wait({ errorsOk: true });
for (const [component, error] of await map.errors()) console.log(`Component ${component}: ${String(error)}`);

// `get` throws what the call has thrown: the same class, with its stack.
try {
  await map.get(2);
} catch (error) {
  console.log(`A RangeError: ${error instanceof RangeError}`);
}

// Mend what was wrong, and run again what failed.
writeFileSync(license, '');
console.log(`Run again: ${(await map.rerun()).join(', ')}`);
for await (const value of map) console.log(value);

await map.remove();
await rm(license);
