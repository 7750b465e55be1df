import { optionsOfJob } from '../batch/varied-options.ts';
import type { JobOptions } from '../job-options.ts';
import { mergeJobOptions } from '../job-options.ts';
import type { MapCore } from './map-core.ts';
import type { Inputs } from './inputs.ts';
import { argumentsOf, batchesOf, checkInputs } from './inputs.ts';

/**
 * Adds components to a map, of the function that lies in its job set.
 * @returns their indices
 * @throws {SerializationError} {@link DependencyError} {@link CancelledError} {@link JobSetInUseError} {@link SubmitError}
 */
export async function addInputs(
  core: MapCore,
  inputs: Inputs<unknown>,
  options: JobOptions,
): Promise<number[]> {
  checkInputs(inputs);
  core.host.system.checkSubmitOptions(options.submit ?? {});
  await core.look();
  const { reader, header } = core;
  const { newFinder } = core.host;
  const last = reader.components.at(-1)?.call;
  const submit = last && optionsOfJob(last.submission, last.position);
  const all = mergeJobOptions({ submit }, options);
  const fn = {
    fn: undefined as never,
    hash: header.function,
    bytes: new Uint8Array(),
    objects: new WeakSet(),
  };
  const added: number[] = [];
  await core.submit(async (executor) => {
    let count = core.length;
    for await (const batch of batchesOf(inputs)) {
      const calls = batch.map((input, index) => ({
        args: header.spread ? argumentsOf(input, count + index) : [input],
        options: all,
      }));
      for (const index of await executor.write(fn, calls, { newFinder })) added.push(index);
      count += batch.length;
    }
  }, options);
  return added;
}
