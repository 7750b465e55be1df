import type { JobBatch } from '../batch-system.ts';
import type { SubmitOptions } from '../submit-options.ts';

/**
 * Commands that may have a different value for each proc of a cluster: they set the same ClassAd attributes
 * for every value, so that a proc's attributes replace those of the first proc, which the cluster has. Tried
 * with HTCondor 23.9. With `universe`, `nice_user`, `hold`, `getenv` and similar ones, later procs would keep
 * attributes of the first.
 */
const VARIABLE = new RegExp(
  `^(${[
    String.raw`\+\w+`,
    String.raw`my\.\w+`,
    String.raw`request_\w+`,
    'requirements|rank|priority|prio|batch_name|description|initialdir',
    'accounting_group(_user)?|concurrency_limits|keep_claim_idle|job_lease_duration|job_max_vacate_time',
    'periodic_(hold|release|remove|vacate)|periodic_hold_(reason|subcode)',
    'on_exit_(hold|remove)|on_exit_hold_reason|leave_in_queue|next_job_start_delay',
    'max_retries|retry_until|success_exit_code|kill_sig|allowed_(job|execute)_duration',
    String.raw`require_gpus|gpus_minimum_\w+|docker_image`,
    'transfer_(input|output)_files|transfer_output_remaps|max_transfer_(in|out)put_mb',
  ].join('|')})$`,
  'i',
);

/**
 * Values that do not replace the cluster's because they leave a command unset; and URLs, whose plugins all
 * procs would get.
 */
const NOT_REPLACING = /^(|""|undefined)$|:\/\//i;

/**
 * A dollar sign before a character that becomes a macro here would form another macro; a line break would end
 * the row.
 */
const NOT_ENCODABLE = /\$[ ,\t]|[\n\r]/;

/** In a row that contains it, later versions of HTCondor separate columns by this character alone. */
const UNIT_SEPARATOR = '\u001f';

/**
 * Whether the procs of one cluster may have different values of a command, judged by the value in `submit`.
 */
export function canVary(name: string, submit: SubmitOptions): boolean {
  const value = String(submit[name]);
  const fits = !NOT_REPLACING.test(value) && !NOT_ENCODABLE.test(value) && !value.includes(UNIT_SEPARATOR);
  // With late materialization, the schedd loses the macros.
  return VARIABLE.test(name) && fits && !isLate(submit);
}

/**
 * Macros for characters that separate columns. The empty macro beside a blank keeps condor_submit from
 * trimming it.
 */
const MACROS: Readonly<Record<string, readonly [name: string, value: string]>> = {
  ' ': ['CondorFuturesSpace', '$(CondorFuturesNothing) $(CondorFuturesNothing)'],
  '\t': ['CondorFuturesTab', '$(CondorFuturesNothing)\t$(CondorFuturesNothing)'],
  ',': ['CondorFuturesComma', ','],
};

/** Parts of a submit description that differ between jobs. */
export interface Itemdata {
  /** Macros that the rows use; condor_submit warns of unused ones. */
  readonly macros: Readonly<Record<string, string>>;
  /** Commands whose values are columns of the rows. */
  readonly commands: Readonly<Record<string, string>>;
  /** Lines of the `queue` statement, with a row for each job. */
  readonly lines: readonly string[];
}

/** Columns at the end of each row; the last one may contain commas. */
export interface Tail {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
}

/**
 * Writes the `queue` statement. Its variable `$(call)` is the key of a job.
 * @param tail the last columns; by default `$(words)`, the arguments of the runner
 */
export function itemdata(
  { jobs, varied = {} }: Pick<JobBatch, 'jobs' | 'varied'>,
  tail: Tail = { columns: ['words'], rows: jobs.map((job) => job.arguments.join(' ')) },
): Itemdata {
  const columns = Object.entries(varied).map(([name, values], index) => ({
    name,
    values,
    variable: `CondorFuturesColumn${index + 1}`,
  }));
  const used = new Set<string>();
  const encode = (value: SubmitOptions[string]): string =>
    String(value).replaceAll(/[ \t,]/g, (separator) => {
      used.add(separator);
      return `$(${MACROS[separator]?.[0]})`;
    });
  const rows = jobs.map((job, index) => {
    const values = columns.map(({ values: all }) => encode(all[index] as SubmitOptions[string]));
    return [job.key, ...values, tail.rows[index]].join(',');
  });
  const macros = [...used].map((separator) => MACROS[separator] as readonly [string, string]);
  const hasNothing = macros.some(([, value]) => value.includes('Nothing'));
  const variables = ['call', ...columns.map(({ variable }) => variable), ...tail.columns];
  return {
    macros: { ...(hasNothing && { CondorFuturesNothing: '' }), ...Object.fromEntries(macros) },
    commands: Object.fromEntries(columns.map(({ name, variable }) => [name, `$(${variable})`])),
    lines: [`queue ${variables.join(',')} from (`, ...rows, ')'],
  };
}

/** An attribute of every job with the value `$`, so that `$$([…])` can stand for a dollar sign. */
export const DOLLAR_ATTRIBUTE = 'CondorFuturesDollar';

/**
 * Quotes words in the new syntax of `arguments`: the whole in double quotes, in which a double quote is
 * doubled; each word in single quotes, in which a single quote is doubled (HTCondor manual, condor_submit,
 * "arguments"). A dollar sign becomes an expression that the schedd replaces by it, because it could begin a
 * macro, and no escape always works (tried with HTCondor 23.9).
 */
export function quoteWords(words: readonly string[]): string {
  const quoted = words.map((word) => quoteWord(word)).join(' ');
  return `"${quoted}"`;
}

/**
 * Why HTCondor would change the value of a submit command, for the end of a sentence; undefined if it would
 * not.
 */
export function troubleWithValue(value: string): string | undefined {
  const macro = /\$+\w*[([]/.exec(value)?.[0];
  if (macro !== undefined)
    return `has \`${macro}\`, which HTCondor replaces; condor-futures sends values as they are`;
  if (value !== value.trim()) return 'begins or ends with white space, which condor_submit drops';
  if (value.endsWith('\\'))
    return 'ends with a backslash, after which condor_submit reads on in the next line';
  return /[\n\r\0]/.test(value) ? 'has a line break or NUL, which no attribute of a job can hold' : undefined;
}

function quoteWord(word: string): string {
  const escaped = word
    .replaceAll("'", "''")
    .replaceAll('"', '""')
    .replaceAll('$', `$$$$([${DOLLAR_ATTRIBUTE}])`);
  return `'${escaped}'`;
}

/** Whether jobs with these submit commands use late materialization. */
export function isLate(submit: SubmitOptions): boolean {
  return Object.keys(submit).some((name) => /^max_(materialize|idle)$/i.test(name));
}
