// Not a sample: the flags of all samples, `--executor auto|htcondor|local` and `--directory DIR`, and what
// follows them.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openExecutor, type MappingExecutor, type OpenExecutorOptions } from 'condor-futures';

const { values, positionals } = parseArgs({
  options: { executor: { type: 'string' }, directory: { type: 'string' } },
  allowPositionals: true,
});

/** The arguments that are no flags. */
export const args: readonly string[] = positionals;

/** Where job sets are made: a directory that all machines see. */
export const directory: string = resolve(values.directory ?? '.condor-futures');

/** The executor that the flags ask for; without them, the first batch system on PATH, else this machine. */
export function openFromCommandLine(options: OpenExecutorOptions = {}): MappingExecutor {
  const system = values.executor as OpenExecutorOptions['system'];
  return openExecutor({ ...options, system, directory });
}
