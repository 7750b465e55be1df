import type { AnyFunction } from '../payload/any-function.ts';
import type { CallOptions } from '../payload/call.ts';
import { deserialize } from '../payload/deserialize.ts';
import { readFunction } from './read-job.ts';

/** More of them would be memory that nothing gives back. */
const MOST = 64;

/** The functions that a worker has loaded, by what they hash to: they stay, with what they have captured. */
export class KeptFunctions {
  readonly #directory: string;
  readonly #functions = new Map<string, AnyFunction>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async load(hash: string, options: CallOptions): Promise<AnyFunction> {
    const name = `${hash} ${options.otherNode}`;
    const known = this.#functions.get(name);
    // The one that was used last is last.
    this.#functions.delete(name);
    const fn = known ?? ((await deserialize(readFunction(this.#directory, hash), options)) as AnyFunction);
    this.#functions.set(name, fn);
    const [oldest] = this.#functions.keys();
    if (this.#functions.size > MOST && oldest !== undefined) this.#functions.delete(oldest);
    return fn;
  }
}
