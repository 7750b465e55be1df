/** A column of a table: its name, and whether what is in it are numbers, which are aligned at their ends. */
export interface Column {
  readonly name: string;
  readonly numbers?: boolean | undefined;
}

/** Rows under their names, with columns as wide as need be; a line break in a cell becomes a space. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ name }) => name), ...rows].map((row) =>
    row.map((cell) => cell.replaceAll(/\s*[\r\n]+\s*/g, ' ')),
  );
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => lengthOf(row[at] as string))));
  const lines = cells.map((row) =>
    row.map((cell, at) => pad(cell, widths[at] as number, columns[at]?.numbers === true)).join('  '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

function pad(cell: string, width: number, atEnd: boolean): string {
  const space = ' '.repeat(width - lengthOf(cell));
  return atEnd ? space + cell : cell + space;
}

/** In characters, rather than in the units of a string. */
function lengthOf(cell: string): number {
  return Array.from(cell).length;
}
