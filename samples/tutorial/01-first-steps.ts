// First steps: a map calls one function with many inputs, each call as a job of its own. It has a name, its
// tag, and stays on the disk until it is removed, so that another program, on another day, can fetch its
// results.
import { openFromCommandLine } from '../command-line.ts';

// An executor sends calls to where they run: to HTCondor where it is there, else to processes of this
// machine.
await using executor = openFromCommandLine();

// It runs somewhere else, but is an ordinary function.
const double = (x: number): number => 2 * x;

const map = await executor.createMap(double, [1, 2, 3, 4], { tag: 'doubles' });
console.log(`The map ${map.tag} has ${map.length} components`);

// The results come in the order of the inputs; the loop waits for each.
for await (const value of map) console.log(value);

// Any program that has the directory finds it by its tag.
const found = await executor.loadMap('doubles');
console.log(`Component 3: 2 × ${String(await found.inputs(3))} = ${String(await found.get(3))}`);

await found.remove();
