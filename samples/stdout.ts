// Follows what a call prints while it runs.
import { setTimeout as sleep } from 'node:timers/promises';
import { openFromCommandLine } from './command-line.ts';

async function train(epochs: number): Promise<number> {
  let loss = 1;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    await new Promise((resolve) => setTimeout(resolve, 400)); // the work
    loss *= 0.7;
    console.log(`epoch ${epoch}: loss ${loss.toFixed(3)}`);
  }
  return loss;
}

await using executor = openFromCommandLine();

const future = executor.submit(train, 5);
for (let shown = 0, last = false; !last; await sleep(100)) {
  last = future.done(); // asked before reading: what is written meanwhile is not missed
  const text = await future.stdout();
  process.stdout.write(text.slice(shown));
  shown = text.length;
}
console.log(`The loss is ${(await future).toFixed(3)}`);
