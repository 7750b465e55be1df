// A long call keeps what it has reached, and goes on there when it is tried again, on whatever machine.
import { checkpoint } from 'condor-futures';
import { openFromCommandLine } from '../command-line.ts';

await using executor = openFromCommandLine();

async function countTo(end: number): Promise<string> {
  // Undefined at the first start.
  const reached = (await checkpoint.load<number>()) ?? 0;
  for (let step = reached + 1; step <= end; step += 1) {
    await checkpoint.save(step);
    // As if the machine failed.
    if (step === 3 && reached < 3) process.exit(1);
  }
  return `counted from ${reached + 1} to ${end}`;
}

// Another attempt gets the checkpoint of the first.
const map = await executor.createMap(countTo, [5], { retries: 1 });
console.log(await map.get(0));

await map.remove();
