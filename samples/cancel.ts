// Takes the first answer and stops the other jobs while they run; then gives another no more than a second.
import { wait, type CancelledError } from 'condor-futures';
import { openFromCommandLine } from './command-line.ts';

async function solve(method: string, seconds: number): Promise<string> {
  const { setTimeout } = await import('node:timers/promises');
  await setTimeout(seconds * 1000); // the work
  return `the ${method} method found a tour of 2085 km`;
}

await using executor = openFromCommandLine();

const futures = [executor.submit(solve, 'greedy', 1), executor.submit(solve, 'exact', 3600)];
const { done, notDone } = await wait(futures, { returnWhen: 'FIRST_COMPLETED' });
for (const future of done) console.log(`First: ${await future}`);
for (const future of notDone) {
  console.log(`The other one is ${future.state}; cancelled: ${future.cancel()}; now it is ${future.state}`);
}

// The timeout begins now: time in the queue counts, too.
const late = executor.with({ signal: AbortSignal.timeout(1000) }).submit(solve, 'exact', 3600);
const error = (await late.catch((thrown: unknown) => thrown)) as CancelledError;
console.log(`${error.name} because of a ${(error.cause as Error).name}`);
