/**
 * A value of a submit command, so that condor_submit leaves it as it is: its macros begin with `$`, and `$(DOLLAR)` stands for
 * one. HTCondor manual, "Submitting a job", "Using the macro facility".
 */
export function quoteValue(value: string): string {
  return value.replaceAll('$', '$(DOLLAR)');
}

/**
 * Words in the new syntax of `arguments` and `environment`: the whole in double quotes, in which a double quote is doubled;
 * within, a word is put in single quotes, in which a single quote is doubled. HTCondor manual, condor_submit, "arguments".
 */
export function quoteWords(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", "''")}'`).join(' ');
  return `"${quoteValue(quoted).replaceAll('"', '""')}"`;
}

/** `NAME=value` pairs in the new syntax. */
export function quoteEnvironment(environment: Readonly<Record<string, string>>): string {
  return quoteWords(Object.entries(environment).map(([name, value]) => `${name}=${value}`)).replaceAll(
    /'([A-Za-z_]\w*)=/g,
    "$1='",
  );
}
