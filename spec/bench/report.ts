import type { Row, Summary, Unit } from './row.ts';

/** A row that was measured. */
export interface Measured {
  readonly row: Pick<Row, 'name' | 'title' | 'unit' | 'goal' | 'reached'>;
  readonly summary: Summary;
  readonly notes: readonly string[];
}

/** A table in Markdown, which is plain enough for a terminal. */
export function table(measured: readonly Measured[]): string {
  const lines = measured.map(({ row, summary }) => [
    row.title,
    show(summary.ours, row.unit),
    besides(summary, row.unit),
    row.goal,
    row.reached(summary) ? 'yes' : 'NO',
  ]);
  const all = [['what', 'condor-futures', 'beside it (ratio)', 'goal', 'reached'], ...lines];
  const widths = (all[0] as string[]).map((_, column) =>
    Math.max(...all.map((cells) => (cells[column] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  const [head = [], ...rest] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rest.map(line)].join('\n');
}

function besides(summary: Summary, unit: Unit): string {
  return Object.entries(summary.beside)
    .map(([name, { median, ratio }]) => `${name} ${show(median, unit)} (${ratio.toFixed(2)})`)
    .join(', ');
}

/** With three digits, which is more than these figures are worth. */
export function show(value: number, unit: Unit): string {
  const number =
    value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
  return `${number} ${unit}`;
}

const BAR_HEIGHT = 16;
const LEFT = 190;
const WIDTH = 900;
const LONGEST_BAR = 520;

/** A bar for each figure, to one scale for each row. */
export function chart(measured: readonly Measured[]): string {
  const parts: string[] = [];
  let y = 10;
  const text = (x: number, content: string, more = ''): void => {
    parts.push(`<text x="${x}" y="${y + BAR_HEIGHT - 4}"${more}>${escape(content)}</text>`);
  };
  for (const { row, summary } of measured) {
    text(10, `${row.title} (${row.goal})`, ' font-weight="bold"');
    y += BAR_HEIGHT + 4;
    const bars = [
      { name: 'condor-futures', value: summary.ours, color: '#b5492b' },
      ...Object.entries(summary.beside).map(([name, { median: value }]) => ({
        name,
        value,
        color: '#8a949e',
      })),
    ];
    const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
    for (const { name, value, color } of bars) {
      const length = Math.max(1, Math.round((value / largest) * LONGEST_BAR));
      text(LEFT - 8, name, ' text-anchor="end"');
      parts.push(`<rect x="${LEFT}" y="${y}" width="${length}" height="${BAR_HEIGHT - 2}" fill="${color}"/>`);
      text(LEFT + length + 6, show(value, row.unit));
      y += BAR_HEIGHT + 2;
    }
    y += 12;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${y}" fill="white"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
