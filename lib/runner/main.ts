import { readJob } from './read-job.ts';
import { OutcomeWriter } from './outcome-writer.ts';
import { guardProcess } from './guard-process.ts';
import { runItem } from './run-item.ts';
import { loadFunction } from '../payload/load-function.ts';

/**
 * The execute side. Arguments: the job set's directory, the job's key, and where its call lies (batch, offset, length).
 * Whatever happens, an outcome is written, so that the submit side need not guess.
 */
async function main(): Promise<void> {
  const [directory = '', key = '', batch, offset, length] = process.argv.slice(2);
  const writer = new OutcomeWriter(directory, key);
  guardProcess(writer);
  try {
    const location = { batch: Number(batch), offset: Number(offset), length: Number(length) };
    const { items, description } = readJob(directory, location);
    writer.expect(items.length);
    const fn = await loadFunction(description);
    for (const item of items) writer.add(await runItem(fn, item));
  } catch (error) {
    writer.fail(error);
  }
  writer.write();
  exit();
}

/** Ends the process, whatever the call left running, once its last words have been written. */
function exit(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(0)));
}

void main();
