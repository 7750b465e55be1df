// More ways to make a map: lists of arguments, every combination, a loop, and a function that has its options
// with it.
import { openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

function power(base: number, exponent: number): number {
  return base ** exponent;
}

// Each input is a list of arguments.
const listed = await executor.createStarmap(power, [
  [2, 3],
  [3, 2],
]);

// Every combination; the last axis varies fastest. Components are found by the places on their axes.
const combined = await executor.createProduct(power, [
  [2, 3],
  [1, 2, 3],
]);
console.log(`3 to the 2nd: ${await combined.get(combined.indexOf([1, 1]))}`);

// A loop makes the calls; nothing is submitted if it throws.
const built = await executor.buildMap(power, (call) => {
  for (let exponent = 1; exponent <= 3; exponent += 1) if (exponent !== 2) call(10, exponent);
});

// A wrapped function runs here when it is called, and there when it makes a map.
const wrapped = executor.wrap(power, { submit: { request_memory: '128MB' } });
console.log(`Here: ${wrapped(5, 2)}`);
const there = await wrapped.starmap([[5, 3]]);

for (const map of [listed, combined, built, there]) {
  const values: number[] = [];
  for await (const value of map) values.push(value);
  console.log(values.join(' '));
  await map.remove();
}
