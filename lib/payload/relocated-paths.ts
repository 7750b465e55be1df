import { realpathSync } from 'node:fs';
import { isAbsolute, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Reference } from './reference/reference.ts';

/**
 * Set in the environment of a job whose machine has the program's files elsewhere: the directory that they have where the program runs, and
 * the one that they have here. What travels names files by the first alone.
 */
export const MOVED_FROM = 'CONDOR_FUTURES_MOVED_FROM';
export const MOVED_TO = 'CONDOR_FUTURES_MOVED_TO';

interface Move {
  /** Where the program runs. */
  readonly there: string;
  readonly here: string;
}

const move = moveIn(process.env);

/** The path or file URL by which this process finds a file of the program. */
export function toHere(file: string): string {
  return move === undefined ? file : hereOf(file, move);
}

/** The path or file URL that the program itself has for a file that lies here. */
export function toThere(file: string): string {
  return move === undefined ? file : moved(file, move.here, move.there);
}

/** A text such as a stack, with the program's own paths. */
export function textToThere(text: string): string {
  if (move === undefined) return text;
  const { here, there } = move;
  return text.replaceAll(urlOf(here), urlOf(there)).replaceAll(here + sep, there + sep);
}

export function referenceToHere(reference: Reference): Reference {
  return move === undefined ? reference : movedReference(reference, toHere);
}

export function referenceToThere<R extends Reference | undefined>(reference: R): R {
  if (move === undefined || reference === undefined) return reference;
  return movedReference(reference, toThere) as R;
}

/** Undefined if the program's files are where they always are. */
export function moveIn(environment: Readonly<Record<string, string | undefined>>): Move | undefined {
  const { [MOVED_FROM]: there, [MOVED_TO]: to } = environment;
  if (there === undefined || to === undefined) return undefined;
  try {
    // Node calls a module by its real path.
    return { there, here: realpathSync(to) };
  } catch {
    return { there, here: to };
  }
}

/** As {@link toHere}; what lies here may itself lie below where the program runs. */
export function hereOf(file: string, { there, here }: Move): string {
  return moved(file, here, there) === file ? moved(file, there, here) : file;
}

/** A path or file URL below one directory as one below another; any other stays as it is. */
export function moved(file: string, from: string, to: string): string {
  if (file.startsWith('file:')) {
    const path = fileURLToPath(file);
    const other = moved(path, from, to);
    return other === path ? file : pathToFileURL(other).href;
  }
  return file === from || file.startsWith(from + sep) ? to + file.slice(from.length) : file;
}

function movedReference(reference: Reference, find: (file: string) => string): Reference {
  switch (reference.kind) {
    case 'module':
      return { ...reference, url: find(reference.url) };
    case 'import': {
      const { specifier, parent } = reference;
      const isFile = specifier.startsWith('file:') || isAbsolute(specifier);
      return { ...reference, parent: find(parent), specifier: isFile ? find(specifier) : specifier };
    }
    case 'require':
      return { ...reference, parent: find(reference.parent) };
    default:
      return reference;
  }
}

/** With the slash that ends a directory. */
function urlOf(directory: string): string {
  return `${pathToFileURL(directory).href}/`;
}
