import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PayloadError } from '../errors.ts';
import { inputsFile } from './names.ts';
import type { InputLocation } from './job-set.ts';
import { checkOwnership } from './ownership.ts';

/**
 * The bytes of a call as they were submitted.
 * @throws {OwnershipError} if another user could have written them; {@link PayloadError} if they are not there
 */
export async function readInput(
  directory: string,
  { batch, offset, length }: InputLocation,
): Promise<Uint8Array> {
  const file = inputsFile(directory, batch);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    checkOwnership(file, await handle.stat());
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await handle.read(bytes, 0, length, offset);
    if (bytesRead < length)
      throw new PayloadError(`${file} ends at ${offset + bytesRead}, before the end of the call`);
    return bytes;
  } finally {
    await handle.close();
  }
}
