import type { JobBatch } from '../batch-system.ts';
import type { SubmitOptions } from '../submit-options.ts';
import { isLate } from './late-materialization.ts';

/**
 * Commands of which each proc of a cluster may have its own value: all that they put into a job's ClassAd is there for each value, and so
 * each proc's replaces the first one's, which the cluster has. Tried with 23.9. Of `universe`, `nice_user`, `hold`, `getenv` and their like, the
 * later procs would keep something of the first.
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

/** What says that a command is not set, and leaves a proc with the cluster's; and URLs, whose plugins every proc would have. */
const OF_ONE_KIND = /^(|""|undefined)$|:\/\//i;

/** A dollar sign before what becomes a macro here would make it another one; and there are no more rows than jobs. */
const UNFIT = /\$[ ,\t]|[\n\r]/;

/** Where a row has one, it alone separates columns for later versions of HTCondor. */
const UNIT_SEPARATOR = '\u001f';

/** Whether the procs of one cluster may have different values, such as this one, of a command. */
export function canVary(name: string, submit: SubmitOptions): boolean {
  const value = String(submit[name]);
  const fits = !OF_ONE_KIND.test(value) && !UNFIT.test(value) && !value.includes(UNIT_SEPARATOR);
  // The schedd loses the macros on its way to late procs.
  return VARIABLE.test(name) && fits && !isLate(submit);
}

/** A row is split at these, so a value has macros instead. Blanks around a macro's value would be dropped, but for the macro beside them. */
const MACROS: Readonly<Record<string, readonly [name: string, value: string]>> = {
  ' ': ['CondorFuturesSpace', '$(CondorFuturesNothing) $(CondorFuturesNothing)'],
  '\t': ['CondorFuturesTab', '$(CondorFuturesNothing)\t$(CondorFuturesNothing)'],
  ',': ['CondorFuturesComma', ','],
};

/** What goes from job to job into a submit description. */
export interface Itemdata {
  /** Macros that the rows have; condor_submit warns of others. */
  readonly macros: Readonly<Record<string, string>>;
  /** The commands whose values the rows have. */
  readonly commands: Readonly<Record<string, string>>;
  /** The statement that queues the jobs, with a row for each, in its lines. */
  readonly lines: readonly string[];
}

/** The columns at the end of each row, of which the last goes to the end of the row, whatever it holds. */
export interface Tail {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
}

/**
 * `$(call)` is the key of a job.
 * @param tail by default `$(words)`, what its runner is told
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

/**
 * How text gets through condor_submit, and through the schedd's own replacements when a job starts, unchanged. What the manual
 * does not say of this was tried on HTCondor 23.9.
 */

/** An attribute that every job has, so that `$$([…])` can stand for a dollar sign. */
export const DOLLAR_ATTRIBUTE = 'CondorFuturesDollar';

/**
 * Words in the new syntax of `arguments`: the whole in double quotes, in which a double quote is doubled;
 * within, a word is put in single quotes, in which a single quote is doubled (HTCondor manual, condor_submit, "arguments").
 * A dollar sign could begin a macro of condor_submit's or of the schedd's, and neither has an escape that always works; so it
 * becomes an expression that the schedd replaces by it.
 */
export function quoteWords(words: readonly string[]): string {
  const quoted = words.map((word) => quoteWord(word)).join(' ');
  return `"${quoted}"`;
}

/** Why the value of a submit command would not arrive as it is, for the end of a sentence; undefined if it does. */
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
