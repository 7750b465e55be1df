import { closeSync, constants as flags, fstatSync, openSync, readFileSync } from 'node:fs';
import { cachedDataVersionTag } from 'node:v8';
import { constants, Script } from 'node:vm';
import { isTrusted } from '../job-set/trusted-files.ts';
import { writeWholeSync } from '../job-set/whole-files.ts';
import { seal, unseal } from '../payload/call.ts';

/**
 * A script with a compile cache: V8's code is kept in a file beside the script for later processes of the
 * same node, because compiling the runner takes longer than all else it does. A cache file that is torn, or
 * that another user could have written, is not used.
 */
export class CachedScript {
  /** Whether V8 accepted the code in the cache file. */
  readonly isKept: boolean;
  readonly #script: Script;
  readonly #cacheFile: string;

  constructor(filename: string) {
    // V8 refuses the code of another version, other flags or another processor; each has its own file.
    this.#cacheFile = `${filename}.${process.version}-${process.arch}-${cachedDataVersionTag().toString(16)}`;
    const cachedData = readCode(this.#cacheFile);
    this.#script = new Script(readFileSync(filename, 'utf8'), {
      filename,
      cachedData,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    this.isKept = cachedData !== undefined && this.#script.cachedDataRejected !== true;
  }

  /** @returns the value of the script's last expression */
  run(): unknown {
    return this.#script.runInThisContext();
  }

  /**
   * Writes the cache file, with all functions called so far, unless the code came from there. Never throws.
   */
  keep(): void {
    if (this.isKept) return;
    try {
      writeWholeSync(this.#cacheFile, seal(this.#script.createCachedData()));
    } catch {
      // Later processes compile the script again.
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
