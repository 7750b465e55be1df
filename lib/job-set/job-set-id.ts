import { customAlphabet } from 'nanoid';

const randomName = customAlphabet('0123456789abcdefghijkmnopqrstuvwxyz', 8);

/** The name of a job set to be: the time, and something that nobody else has. */
export function newJobSetId(): string {
  const time = new Date()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  return `${time}-${randomName()}`;
}

/** Whether a name is one that {@link newJobSetId} gives. */
export function isJobSetId(name: string): boolean {
  return /^\d{8}-\d{6}-[0-9a-z]{8}$/.test(name);
}
