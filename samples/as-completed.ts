// Takes calls as they complete. What a call throws comes back as itself; what it wrote to stderr is there,
// too.
import { asCompleted } from 'condor-futures';
import { openFromCommandLine } from './command-line.ts';

function readSensor(line: string): number {
  console.error(`parsing ${line}`);
  const { celsius } = JSON.parse(line) as { celsius?: number };
  if (celsius === undefined) throw new TypeError('no temperature', { cause: line });
  if (celsius < -273.15) throw new RangeError(`${celsius} °C is colder than cold`);
  return celsius + 273.15;
}

await using executor = openFromCommandLine();

const lines = ['{"celsius":21.5}', '{"celsius":-300}', '{"humidity":40}', '{"celsius":', '{"celsius":-40}'];
const futures = lines.map((line) => executor.submit(readSensor, line));

for await (const [index, future] of asCompleted(futures).entries()) {
  try {
    console.log(`${lines[index]} is ${(await future).toFixed(2)} K`);
  } catch (error) {
    const { name, message } = error as Error;
    const stderr = (await future.stderr()).trim();
    console.log(`${lines[index]} failed: ${name}: ${message} (stderr: ${stderr})`);
  }
}
