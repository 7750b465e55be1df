import { dirname, relative, resolve } from 'node:path';
import {
  outcomeFile,
  outputFilesOf,
  scriptFile,
  stderrFile,
  stdoutFile,
  transferredFile,
} from '../../job-set/names.ts';
import { ALWAYS_TRAVELS } from '../../job-set/transfer-script.ts';
import type { JobBatch } from '../batch-system.ts';
import { quoteWords } from './quoting.ts';

/** Submit commands that the library gives itself, besides others, where files are transferred. */
export const RESERVED_FOR_TRANSFER: readonly string[] = [
  'should_transfer_files',
  'transfer_output_files',
  'transfer_output_remaps',
  'preserve_relative_paths',
  'initialdir',
  'initial_dir',
];

/** What is told of each job, in its line. */
const COLUMNS = ['call', 'batch', 'offset', 'length', 'hash', 'submission', 'travels'] as const;

/** The submit commands of jobs that do not see their job set, in the place of those for jobs that do, and their lines. */
export interface TransferDescription {
  readonly commands: Readonly<Record<string, string>>;
  readonly columns: string;
  readonly lines: readonly string[];
}

/**
 * All paths are relative to the directory above the job set, and so they are the same in the job's own directory, as HTCondor keeps relative paths; and
 * no name in them needs any care, whatever the directory is called.
 * @param inputFiles the user's own `transfer_input_files`
 */
export function transferDescription(
  { jobSet, cwd, jobs }: JobBatch,
  inputFiles: string = '',
): TransferDescription {
  const { directory } = jobSet;
  const parent = dirname(directory);
  const path = (file: string): string => relative(parent, file);
  const within = (name: string): string => (isUrl(name) ? name : path(resolve(directory, name)));
  // The current directory of the program is that of their names, not that of the job set.
  const own = inputFiles.split(',').filter((name) => name.trim() !== '');
  const ownFiles = own.map((name) => (isUrl(name.trim()) ? name.trim() : resolveFrom(cwd, name.trim())));
  const [outcome, files] = [outcomeFile(directory, '$(call)'), outputFilesOf(directory, '$(call)')];
  return {
    commands: {
      initialdir: parent,
      should_transfer_files: 'YES',
      preserve_relative_paths: 'true',
      transfer_input_files: [...ALWAYS_TRAVELS.map(within), '$(travels)', ...ownFiles].join(','),
      transfer_output_files: [outcome, files].map(path).join(','),
      // HTCondor makes a file before it has all of it: an outcome that has its name is to be whole.
      transfer_output_remaps: `"${path(outcome)}=${path(transferredFile(directory, '$(call)'))}"`,
      arguments: quoteWords([path(scriptFile(directory))]).replace(
        /"$/,
        ` ${COLUMNS.slice(0, -1)
          .map((name) => `$(${name})`)
          .join(' ')}"`,
      ),
      output: path(stdoutFile(directory, '$(call)')),
      error: path(stderrFile(directory, '$(call)')),
    },
    columns: COLUMNS.join(','),
    lines: jobs.map((job) => [...job.arguments, ...(job.travels ?? []).map(within)].join(',')),
  };
}

function isUrl(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(name);
}

/** With a slash at its end, a directory stands for what is in it. */
function resolveFrom(cwd: string, name: string): string {
  return resolve(cwd, name) + (name.endsWith('/') ? '/' : '');
}
