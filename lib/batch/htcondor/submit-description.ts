import { eventLogFile, scriptFile, stderrFile, stdoutFile } from '../../job-set/names.ts';
import type { JobBatch, SubmitOptions } from '../batch-system.ts';
import { quoteEnvironment, quoteValue, quoteWords } from './quoting.ts';

/** Submit commands that the library gives itself, by lower-case name; another value would cut the job off from its future. */
const RESERVED: readonly string[] = [
  'executable',
  'transfer_executable',
  'arguments',
  'args',
  'environment',
  'env',
  'input',
  'output',
  'error',
  'stdin',
  'stdout',
  'stderr',
  'log',
  'log_xml',
  'queue',
  'max_materialize',
  'max_idle',
  'call',
  'words',
];

/** A submit command, or an attribute of the job's ClassAd as `+Name` or `MY.Name`. */
const NAME = /^(\+|my\.)?[a-z_][a-z0-9_.]*$/i;

/**
 * @throws {TypeError} for names that are reserved or no names, and values that cannot be said in a submit description
 */
export function checkSubmitOptions(submit: SubmitOptions): void {
  for (const [name, value] of Object.entries(submit)) {
    if (RESERVED.includes(name.toLowerCase())) {
      throw new TypeError(
        `The submit command \`${name}\` is not yours to set: condor-futures needs these itself: ${RESERVED.join(', ')}. ` +
          'Variables go into the option `environment`, shell lines into `setup`',
      );
    }
    if (!NAME.test(name))
      throw new TypeError(`Expected the names in \`submit\` to be submit commands, got \`${name}\``);
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new TypeError(
        `Expected \`submit.${name}\` to be a string, a number or a boolean, got a value of type ${typeof value}`,
      );
    }
    const trouble = troubleOf(String(value));
    if (trouble !== undefined) throw new TypeError(`The value of \`submit.${name}\` ${trouble}`);
  }
}

/** The text that condor_submit reads on stdin: what is common to all jobs, then a line for each. */
export function submitDescription({ jobSet, jobs, environment, submit }: JobBatch): string {
  const { id, directory } = jobSet;
  const each = '$(call)';
  const commands: Record<string, string> = {
    universe: 'vanilla',
    batch_name: quoteValue(id),
    initialdir: quoteValue(process.cwd()),
    // Where the pool has no shared FileSystemDomain, HTCondor moves the (no) files itself, and the job runs all the same.
    should_transfer_files: 'IF_NEEDED',
    when_to_transfer_output: 'ON_EXIT',
    transfer_output_files: '""',
    ...Object.fromEntries(
      Object.entries(submit).map(([name, value]) => [normalize(name), quoteValue(String(value))]),
    ),
    executable: '/bin/sh',
    transfer_executable: 'false',
    arguments: argumentsOf(scriptFile(directory)),
    environment: quoteEnvironment(environment),
    log: quoteValue(eventLogFile(directory)),
    output: quoteValue(stdoutFile(directory, '\0')).replace('\0', each),
    error: quoteValue(stderrFile(directory, '\0')).replace('\0', each),
    stream_output: 'true',
    stream_error: 'true',
    'My.CondorFuturesJobSet': `"${id}"`,
    'My.CondorFuturesCall': `"${each}"`,
  };
  return [
    ...Object.entries(commands).map(([name, value]) => `${name} = ${value}`),
    'queue call,words from (',
    ...jobs.map((job) => `${job.key},${job.arguments.join(' ')}`),
    ')',
    '',
  ].join('\n');
}

/** Submit commands are not case-sensitive: a user's `Initialdir` replaces the library's. */
function normalize(name: string): string {
  return name.startsWith('+') || /^my\./i.test(name) ? name : name.toLowerCase();
}

/** The runner's own words are numbers and keys, which need no quotes. */
function argumentsOf(script: string): string {
  return `${quoteWords([script]).slice(0, -1)} $(words)"`;
}

/** Why a value would not arrive as it is. */
function troubleOf(value: string): string | undefined {
  if (/[\n\r\0]/.test(value)) return 'has a line break or NUL, which a submit description cannot hold';
  if (value !== value.trim()) return 'begins or ends with white space, which condor_submit drops';
  if (value.endsWith('\\')) return 'ends with a backslash, which condor_submit takes for a line that goes on';
  if (value.includes('$$(') || value.includes('$$['))
    return 'has `$$(` or `$$[`, which HTCondor replaces when it starts the job';
  return undefined;
}
