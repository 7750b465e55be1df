/** A word of POSIX shell: nothing is special between single quotes but the single quote itself. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
