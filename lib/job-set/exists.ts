import { access } from 'node:fs/promises';

/** Whether a file is there, and can be looked at. */
export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
