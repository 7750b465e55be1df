import { patientCalls } from '../job-set/file-calls.ts';
import type { JobSet } from '../job-set/job-set.ts';
import { parseResultName, resultFile } from '../job-set/names.ts';
import { readInput } from '../job-set/read-input.ts';
import { readTrusted } from '../job-set/read-trusted.ts';
import { PayloadError } from '../errors.ts';
import { decodeCall, decodeOutcome } from '../payload/call.ts';
import { deserialize, deserializeWith, type DeserializeOptions } from '../payload/deserialize.ts';
import type { Component } from './component.ts';

/**
 * The arguments of a component's call, as its job gets them.
 * @throws {PayloadError} {@link OwnershipError}
 */
export async function readInputs({ directory }: JobSet, { call }: Component): Promise<readonly unknown[]> {
  const { items, options } = decodeCall(await readInput(directory, call.job));
  const [item] = items;
  if (item === undefined || 'thrown' in item)
    throw new PayloadError(`The input ${call.job.key} holds no call`);
  if ('primitives' in item) return item.primitives;
  const decode = async (bytes: Uint8Array): Promise<unknown> =>
    deserializeWith(bytes, options, async (name) => readGiven(directory, name, options));
  if ('arguments' in item) return (await decode(item.arguments)) as unknown[];
  const [, args] = (await decode(item.call)) as [unknown, unknown[]];
  return args;
}

/** What stands in the place of a future. */
async function readGiven(directory: string, name: string, options: DeserializeOptions): Promise<unknown> {
  const { call, item } = parseResultName(name);
  const bytes = await readTrusted(patientCalls, resultFile(directory, call));
  const found = bytes && decodeOutcome(bytes)?.items[item];
  if (found !== undefined && 'primitive' in found) return found.primitive;
  if (found !== undefined && 'value' in found) return deserialize(found.value, options);
  throw new PayloadError(`The result ${name}, which the input is made of, is not in ${directory}`);
}
