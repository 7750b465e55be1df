// What a map can be asked: single components, their statuses, and whether all is done. Components are counted
// from 0.
import { openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

function countVowels(text: string): number {
  return text.match(/[aeiou]/g)?.length ?? 0;
}

// Without a tag the map gets a random one; `executor.clean()` removes such maps.
const words = ['condor', 'negotiator', 'schedd'];
const map = await executor.createMap(countVowels, words);
console.log(`Random tag: ${map.isTransient}`);

// `get` waits for one component, `wait` for all of them; at most as long as you say, in milliseconds.
console.log(`${words[1]}: ${await map.get(1)} vowels`);
await map.wait({ timeout: 120_000 });
console.log(`Done: ${await map.isDone()}, statuses: ${(await map.statuses()).join(', ')}`);

// A map grows: the same function, more inputs.
await map.add(['shadow']);
console.log(`Now there are ${map.length} components, and the last has ${await map.get(3)} vowels`);

await map.remove();
