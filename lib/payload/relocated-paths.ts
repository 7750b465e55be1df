import { realpathSync } from 'node:fs';
import { isAbsolute, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Reference, VariableReference } from './reference/reference.ts';

/**
 * Set in the environment of a job whose machine has the program's files in another directory: the directory
 * where the program runs, and the one on this machine. Serialized values always name files by the first.
 */
export const MOVED_FROM = 'CONDOR_FUTURES_MOVED_FROM';
export const MOVED_TO = 'CONDOR_FUTURES_MOVED_TO';

interface Move {
  /** Directory where the program runs. */
  readonly there: string;
  readonly here: string;
}

const move = moveIn(process.env);

/** Translates a path or file URL of the program to the one on this machine. */
export function toHere(file: string): string {
  return move === undefined ? file : hereOf(file, move);
}

/** Translates a path or file URL on this machine to the program's own. */
export function toThere(file: string): string {
  return move === undefined ? file : moved(file, move.here, move.there);
}

/** Translates all paths in a text, such as a stack, to the program's own. */
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

/** @returns undefined if the program's files are in the same place on this machine */
export function moveIn(environment: Readonly<Record<string, string | undefined>>): Move | undefined {
  const { [MOVED_FROM]: there, [MOVED_TO]: to } = environment;
  if (there === undefined || to === undefined) return undefined;
  try {
    // Node names a module by its real path.
    return { there, here: realpathSync(to) };
  } catch {
    return { there, here: to };
  }
}

/** Leaves a file alone that is already on this machine, which matters if `here` lies below `there`. */
export function hereOf(file: string, { there, here }: Move): string {
  return moved(file, here, there) === file ? moved(file, there, here) : file;
}

/** Moves a path or file URL from below one directory to below another; any other stays as it is. */
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
    case 'variable':
      return { ...reference, seenBy: movedReference(reference.seenBy, find) as VariableReference['seenBy'] };
    default:
      return reference;
  }
}

/** @returns the URL with the slash that ends a directory */
function urlOf(directory: string): string {
  return `${pathToFileURL(directory).href}/`;
}
