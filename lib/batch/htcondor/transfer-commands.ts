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

/** Submit commands that the library gives itself, besides others, where files are transferred. */
export const RESERVED_FOR_TRANSFER: readonly string[] = [
  'should_transfer_files',
  'transfer_output_files',
  'transfer_output_remaps',
  'preserve_relative_paths',
  'initialdir',
  'initial_dir',
];

/** What the runner is told, word by word: late procs have no macros that could bring a comma, so that the files alone come last. */
const WORDS = ['batch', 'offset', 'length', 'hash', 'submission'] as const;

const INPUT_FILES = 'transfer_input_files';

/** How the description of jobs that do not see their job set differs from that of others. */
export interface TransferDescription {
  /** The batch, with whole names for the user's own input files. */
  readonly batch: JobBatch;
  readonly tail: Tail;
  /** @param submit all other commands */
  commands(submit: SubmitOptions): Readonly<Record<string, string>>;
}

/**
 * All paths are relative to the directory above the job set, and so they are the same in the job's own directory, as HTCondor keeps relative
 * paths; and no name in them needs any care, whatever the directory is called.
 */
export function transferDescription(batch: JobBatch): TransferDescription {
  const { directory, brings = [] } = batch.jobSet;
  const parent = dirname(directory);
  const path = (file: string): string => relative(parent, file);
  const within = (name: string): string => (isUrl(name) ? name : path(resolve(directory, name)));
  const [outcome, files] = [outcomeFile(directory, '$(call)'), outputFilesOf(directory, '$(call)')];
  const words = ['call', ...WORDS].map((name) => ` $(${name})`).join('');
  return {
    batch: withWholeNames(batch),
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
        ...ownFiles(submit),
      ].join(','),
      transfer_output_files: [
        ...[outcome, files].map(path),
        `${path(callsDirectory(directory))}/$(number)`,
      ].join(','),
      // HTCondor makes a file before it has all of it: an outcome that has its name is to be whole.
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

function ownFiles(submit: SubmitOptions): string[] {
  return Object.entries(submit)
    .filter(([name]) => name.toLowerCase() === INPUT_FILES)
    .map(([, names]) => String(names));
}

/** Relative names of the user's are of the program's directory, not of that of the job set. */
function withWholeNames(batch: JobBatch): JobBatch {
  const whole = (names: SubmitOptions[string]): string =>
    String(names)
      .split(',')
      .map((name) => wholeName(batch.cwd, name.trim()))
      .filter((name) => name !== '')
      .join(',');
  const { submit, varied } = batch;
  return {
    ...batch,
    submit: changeInputFiles(submit, whole),
    varied: varied && changeInputFiles(varied, (values) => values.map(whole)),
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

/** With a slash at its end, a directory stands for what is in it. */
function wholeName(cwd: string, name: string): string {
  return name === '' || isUrl(name) ? name : resolve(cwd, name) + (name.endsWith('/') ? '/' : '');
}
