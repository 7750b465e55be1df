import { dirname, relative, resolve } from 'node:path';
import { ALWAYS_TRANSFERRED, pathInScratch } from '../../job-set/job-script.ts';
import {
  callsDirectory,
  outcomeFile,
  outputFilesOf,
  parseJobKey,
  scriptFile,
  stderrFile,
  stdoutFile,
  transferredFile,
} from '../../job-set/names.ts';
import type { JobBatch } from '../batch-system.ts';
import type { SubmitOptions } from '../submit-options.ts';
import { quoteWords, type Tail } from './itemdata.ts';

/** Submit commands that only the library sets when files are transferred, besides those of all jobs. */
export const RESERVED_FOR_TRANSFER: readonly string[] = [
  'should_transfer_files',
  'transfer_output_files',
  'transfer_output_remaps',
  'preserve_relative_paths',
  'initialdir',
  'initial_dir',
];

/**
 * Columns for the runner's arguments, one for each: with late materialization macros cannot contain commas,
 * so only the last column may.
 */
const WORDS = ['batch', 'offset', 'length', 'hash', 'submission'] as const;

const INPUT_FILES = 'transfer_input_files';

/** Differences in the submit description of jobs that do not see their job set. */
export interface TransferDescription {
  /** The batch, with absolute paths for the user's own input files. */
  readonly batch: JobBatch;
  readonly tail: Tail;
  /** Further commands. @param submit all other ones */
  commands(submit: SubmitOptions): Readonly<Record<string, string>>;
}

/**
 * Describes jobs whose files are transferred. All paths are relative to the directory above the job set,
 * because HTCondor keeps relative paths in the job's scratch directory, and because the name of that
 * directory then needs no quoting.
 */
export function transferDescription(batch: JobBatch): TransferDescription {
  const { directory, brings = [] } = batch.jobSet;
  const parent = dirname(directory);
  const path = (file: string): string => relative(parent, file);
  const within = (name: string): string => (isUrl(name) ? name : path(resolve(directory, name)));
  const [outcome, files] = [outcomeFile(directory, '$(call)'), outputFilesOf(directory, '$(call)')];
  const words = ['call', ...WORDS].map((name) => ` $(${name})`).join('');
  return {
    batch: withAbsolutePaths(batch),
    tail: {
      columns: [...WORDS, 'number', 'travels'],
      rows: batch.jobs.map((job) =>
        [...job.arguments.slice(1), parseJobKey(job.key).call, ...(job.travels ?? []).map(within)].join(','),
      ),
    },
    commands: (submit) => ({
      initialdir: parent,
      should_transfer_files: 'YES',
      preserve_relative_paths: 'true',
      [INPUT_FILES]: [
        ...ALWAYS_TRANSFERRED.map(within),
        ...brings.map((file) => pathInScratch(parent, file) ?? file),
        '$(travels)',
        ...userFiles(submit),
      ].join(','),
      transfer_output_files: [
        ...[outcome, files].map(path),
        `${path(callsDirectory(directory))}/$(number)`,
      ].join(','),
      // HTCondor creates a file before it is complete, but a file with an outcome's name must be complete.
      transfer_output_remaps: `"${path(outcome)}=${path(transferredFile(directory, '$(call)'))}"`,
      arguments: quoteWords([path(scriptFile(directory))]).replace(/"$/, `${words}"`),
      output: path(stdoutFile(directory, '$(call)')),
      error: path(stderrFile(directory, '$(call)')),
    }),
  };
}

function isUrl(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(name);
}

function userFiles(submit: SubmitOptions): string[] {
  return Object.entries(submit)
    .filter(([name]) => name.toLowerCase() === INPUT_FILES)
    .map(([, names]) => String(names));
}

/**
 * Makes relative paths of the user's input files absolute: they are relative to the program's current
 * directory, not to `initialdir`.
 */
function withAbsolutePaths(batch: JobBatch): JobBatch {
  const toAbsolute = (names: SubmitOptions[string]): string =>
    String(names)
      .split(',')
      .map((name) => absolutePath(batch.cwd, name.trim()))
      .filter((name) => name !== '')
      .join(',');
  const { submit, varied } = batch;
  return {
    ...batch,
    submit: changeInputFiles(submit, toAbsolute),
    varied: varied && changeInputFiles(varied, (values) => values.map(toAbsolute)),
  };
}

function changeInputFiles<V>(given: Readonly<Record<string, V>>, change: (value: V) => V): Record<string, V> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      name.toLowerCase() === INPUT_FILES ? change(value) : value,
    ]),
  );
}

/** Keeps a slash at the end: it stands for the content of a directory. */
function absolutePath(cwd: string, name: string): string {
  return name === '' || isUrl(name) ? name : resolve(cwd, name) + (name.endsWith('/') ? '/' : '');
}
