import { showValue } from '../../base/checks.ts';
import { eventLogFile, scriptFile, startFile } from '../../job-set/names.ts';
import type { AvoidedMachine, JobBatch, SubmittedBatch } from '../batch-system.ts';
import { attributeOf, mergeSubmitOptions, type SubmitOptions } from '../submit-options.ts';
import { DOLLAR_ATTRIBUTE, itemdata, quoteWords, troubleWithValue } from './itemdata.ts';
import { RESERVED_FOR_TRANSFER, transferDescription } from './transfer-commands.ts';

/**
 * Submit commands that only the library sets, in lower case; with another value the job could not report to
 * its future.
 */
const RESERVED: readonly string[] = [
  'executable',
  'transfer_executable',
  'arguments',
  'arguments2',
  'args',
  'environment',
  'env',
  'environment2',
  'shell',
  'input',
  'output',
  'error',
  'stdin',
  'stdout',
  'stderr',
  'log',
  'log_xml',
  'queue',
  'if',
  'elif',
  'else',
  'endif',
  'include',
  'use',
  'call',
  'words',
];

/** ClassAd attributes that those commands set, in lower case. */
const RESERVED_ATTRIBUTES: readonly string[] = [
  'args',
  'arguments',
  'clusterid',
  'cmd',
  'env',
  'environment',
  'err',
  'in',
  'out',
  'procid',
  'transferexecutable',
  'userlog',
  'userlogusexml',
];

/** Matches a submit command, or an attribute of the job's ClassAd as `+Name` or `MY.Name`. */
const NAME = /^(\+|my\.)?(?!my\.)[a-z_][a-z0-9_.]*$/i;

/**
 * Checks submit options.
 * @param transfers whether jobs have their files transferred
 * @throws {TypeError} for reserved or invalid names, and for values that HTCondor would change
 */
export function checkSubmitOptions(submit: SubmitOptions, transfers: boolean = false): void {
  const reserved = Object.keys(submit).filter((name) => isReserved(name));
  if (reserved.length > 0) {
    const names = reserved.map((name) => `\`${name}\``).join(', ');
    const [noun, verb] = reserved.length === 1 ? ['command', 'is'] : ['commands', 'are'];
    throw new TypeError(
      `The submit ${noun} ${names} ${verb} not yours to set: condor-futures needs these itself: ${RESERVED.join(', ')}, ` +
        'the attributes that they set, and those that begin with CondorFutures. ' +
        'Variables go into the option `environment`, shell lines into `setup`',
    );
  }
  for (const [name, value] of Object.entries(submit)) {
    if (transfers && RESERVED_FOR_TRANSFER.includes(name.toLowerCase())) {
      throw new TypeError(
        `The submit command \`${name}\` is not yours to set with \`filesystem: 'transfer'\`: condor-futures needs these itself: ` +
          `${RESERVED_FOR_TRANSFER.join(', ')}. Files are named by inputFile() in a call's arguments and by outputFile() in the call`,
      );
    }
    if (!NAME.test(name))
      throw new TypeError(`Expected the names in \`submit\` to be submit commands, got \`${name}\``);
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new TypeError(
        `Expected \`submit.${name}\` to be a string, a number or a boolean, got ${showValue(value)}`,
      );
    }
    refuse(`submit.${name}`, troubleWithValue(String(value)));
  }
}

function isReserved(name: string): boolean {
  const attribute = (attributeOf(name) ?? name).toLowerCase();
  return (
    RESERVED.includes(name.toLowerCase()) ||
    RESERVED_ATTRIBUTES.includes(attribute) ||
    attribute.startsWith('condorfutures')
  );
}

/** The text for condor_submit's stdin: commands for all jobs, then a line for each. */
export function submitDescription(batch: JobBatch): string {
  const { jobSet, submission, cwd, avoid } = batch;
  const { id, directory } = jobSet;
  const transfer = jobSet.transfers === true ? transferDescription(batch) : undefined;
  const { submit, ...others } = transfer?.batch ?? batch;
  const items = itemdata(others, transfer?.tail);
  const defaults = {
    universe: 'vanilla',
    batch_name: id,
    initialdir: cwd,
    // In a pool without a shared FileSystemDomain, HTCondor transfers the files (there are none), and the job
    // can run.
    should_transfer_files: 'IF_NEEDED',
    // With file transfer, the checkpoints of an evicted job must reach its next machine.
    when_to_transfer_output: transfer === undefined ? 'ON_EXIT' : 'ON_EXIT_OR_EVICT',
    transfer_output_files: '""',
  };
  const merged = mergeSubmitOptions(defaults, submit, items.commands, ...avoid.map(avoidHost));
  const commands: SubmitOptions = {
    ...items.macros,
    ...merged,
    executable: '/bin/sh',
    transfer_executable: 'false',
    // The runner's other arguments are numbers and keys, which need no quotes.
    arguments: quoteWords([scriptFile(directory)]).replace(/"$/, ' $(words)"'),
    log: eventLogFile(directory),
    output: '/dev/null',
    error: startFile(directory, '$(call)'),
    ...transfer?.commands(mergeSubmitOptions(submit, items.commands)),
    'My.CondorFuturesJobSet': `"${id}"`,
    'My.CondorFuturesSubmission': String(submission),
    'My.CondorFuturesCall': '"$(call)"',
    [`My.${DOLLAR_ATTRIBUTE}`]: '"$"',
  };
  return [...Object.entries(commands).map(([name, value]) => `${name} = ${value}`), ...items.lines, ''].join(
    '\n',
  );
}

/** Requirements that exclude a machine until some time. */
function avoidHost({ host, until }: AvoidedMachine): SubmitOptions {
  return { requirements: `TARGET.Machine != "${host}" || time() > ${Math.ceil(until / 1000)}` };
}

/** ClassAd expression for the jobs of one submission. */
export function submissionConstraint({
  jobSet,
  submission,
}: Pick<SubmittedBatch, 'jobSet' | 'submission'>): string {
  return `${jobSetConstraint(jobSet.id)} && CondorFuturesSubmission == ${submission}`;
}

/**
 * Checks a directory's name for use in a submit description.
 * @throws {TypeError} if HTCondor would not take it as it is
 */
export function checkDirectoryName(option: string, directory: string): void {
  refuse(
    option,
    directory.includes('\\')
      ? 'has a backslash, which HTCondor does not take in paths'
      : troubleWithValue(directory),
  );
}

function refuse(option: string, trouble: string | undefined): void {
  if (trouble !== undefined) throw new TypeError(`The value of \`${option}\` ${trouble}`);
}

/** ClassAd expression for the jobs of a job set. */
export function jobSetConstraint(jobSetId: string): string {
  return `CondorFuturesJobSet == "${jobSetId}"`;
}
