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
