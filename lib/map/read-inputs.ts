import type { JobSet } from '../job-set/job-set.ts';
import { readInput } from '../job-set/read-input.ts';
import { PayloadError } from '../errors.ts';
import { decodeCall } from '../payload/call.ts';
import { deserialize } from '../payload/deserialize.ts';
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
  if ('arguments' in item) return (await deserialize(item.arguments, options)) as unknown[];
  const [, args] = (await deserialize(item.call, options)) as [unknown, unknown[]];
  return args;
}
