// What jobs ask for: submit commands, as HTCondor knows them. One value for all components, or one for each.
import { openFromCommandLine } from '../command-line.ts';

// Those of the executor are for all of its jobs.
await using executor = openFromCommandLine({ submit: { request_memory: '128MB' } });

function sum(count: number): number {
  return new Float64Array(count).fill(1).reduce((total, value) => total + value, 0);
}

const map = await executor.createMap(sum, [1_000, 1_000_000], {
  tag: 'sums',
  submit: {
    // For each component: by a function of its input …
    request_memory: (count) => (count > 10_000 ? '256MB' : '128MB'),
    // … or as a list.
    request_disk: ['10MB', '20MB'],
  },
  // Failed calls are tried again this often.
  retries: 1,
});
for await (const total of map) console.log(total);

// What it took.
const [, large] = await map.usage();
console.log(`The larger one ran ${large?.attempts} time`);

await map.remove();
