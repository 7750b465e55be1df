import { closeSync, constants as flags, fstatSync, openSync, readFileSync } from 'node:fs';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';
import { isTrusted } from '../job-set/trusted-files.ts';
import { writeWholeSync } from '../job-set/whole-files.ts';
import { seal, unseal } from '../payload/call.ts';

/**
 * A script whose code is kept in a file beside it once V8 has compiled it, so that the next process of the same node need not: for the runner
 * that takes longer than all else that it does. The file is code: one that another user could have written, or that is torn, is not used.
 */
export class CachedScript {
  /** Whether its code was there, and is what V8 can use. */
  readonly isKept: boolean;
  readonly #script: Script;
  readonly #cache: string;

  constructor(filename: string) {
    // V8 refuses what another version, or one with other flags or on another processor, has made; each has a file.
    this.#cache = `${filename}.${process.version}-${process.arch}-${cachedDataVersionTag().toString(16)}`;
    const cachedData = readCode(this.#cache);
    this.#script = new Script(readFileSync(filename, 'utf8'), {
      filename,
      cachedData,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    this.isKept = cachedData !== undefined && this.#script.cachedDataRejected !== true;
  }

  /** What the script's last expression gives. */
  run(): unknown {
    return this.#script.runInThisContext();
  }

  /** Keeps the code for others, with all functions that have been called by now, unless it came from there. Never throws. */
  keep(): void {
    if (this.isKept) return;
    try {
      writeWholeSync(this.#cache, seal(this.#script.createCachedData()));
    } catch {
      // Others compile it again.
    }
  }
}

function readCode(file: string): Buffer | undefined {
  try {
    const descriptor = openSync(file, flags.O_RDONLY | flags.O_NOFOLLOW);
    try {
      if (!isTrusted(fstatSync(descriptor))) return undefined;
      return unseal(readFileSync(descriptor)) as Buffer | undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}
