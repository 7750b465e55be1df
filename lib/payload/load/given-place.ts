import { join } from 'node:path';
import { PayloadError } from '../../errors.ts';
import type { GivenNode } from '../graph.ts';

/** Where the files are that have travelled with a call. */
export type GivenPlace = Readonly<Record<GivenNode['from'], string>>;

let place: GivenPlace | undefined;

/** Of the one call whose values this process loads. */
export function setGivenPlace(given: GivenPlace): void {
  place = given;
}

/** @throws {PayloadError} outside of the job that the file travels to */
export function pathOfGiven({ from, path }: GivenNode): string {
  if (place === undefined)
    throw new PayloadError(`The file ${path} has travelled to a job, and can be found there alone`);
  return join(place[from], path);
}
