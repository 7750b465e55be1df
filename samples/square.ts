// Runs one call as a job, and awaits its value as that of any promise.
import { openFromCommandLine } from './command-line.ts';

await using executor = openFromCommandLine();

const future = executor.submit((x: number) => x * x, 7);
console.log(`7 squared is ${await future}`);
