import { packageOf, CELLS, type Cell, formsOf, type Subject } from './subject.ts';
import type { Verdict, Verdicts } from './run-subject.ts';

/** By the name of a run (`before`, `after`), then by the major version of Node, then by the title of a program. */
export type Recorded = Record<string, Record<string, Record<string, string>>>;

const LETTERS: Record<Verdict['verdict'], string> = { right: 'r', refused: 'n', wrong: 'W', invalid: '?' };
const WORDS: Record<string, string> = { r: 'ok', n: 'no', W: 'WRONG' };

/** Returns a letter for each cell, and the size and the time of the use in bytes and milliseconds: `rrnWr 746 1.6`. */
export function recordedOf(verdicts: Verdicts): string {
  const { bytes, ms } = verdicts.used;
  const cells = CELLS.map((cell) => LETTERS[verdicts[cell].verdict]).join('');
  return bytes === undefined || ms === undefined ? cells : `${cells} ${bytes} ${Number(ms.toPrecision(2))}`;
}

/** A size that is worth a mark, in bytes. */
const LARGE_BYTES = 2000;
const NODES = ['20', '24'] as const;
const RUNS = ['before', 'after'] as const;

/** Titles of the programs of a subject. */
export function titlesOf(subject: Subject): string[] {
  return formsOf(subject).map((form) => (form === 'module' ? subject.name : `${subject.name} by require`));
}

const INTRODUCTION = `# Packages

What travels of the packages that people use, tried: each package is imported by a small program, which makes
the same calls at home and in jobs of \`LocalExecutor\`, and compares what they give. \`npm run test:packages\`
does it, with the packages and versions below, and fails if anything is wrong. It installs them in
\`~/.cache/condor-futures/packages\` (about 1 GB; \`-- --directory\` says where else). \`-- --only zod,sharp\` tries
these, \`-- --node PATH\` takes another Node.js.

A program makes five calls:

- _used_: a function that uses what the program imported;
- _captured_: a function that captured an instance, such as a matrix, a schema or a parser, and uses it;
- _argument_: a function that gets an instance as its argument;
- _result_: a function that returns an instance, which is then used at home;
- _thrown_: a function that throws an error of the package, or an error that holds an instance.

A call is _right_ if it gives in a job what it gives at home: the same values, of the same classes
(\`instanceof\`), with the same behaviour. It is _refused_ if \`submit\` or the job says what cannot be sent, where
it is, and what to do; that is right for things like sockets. Everything else is _wrong_: another value, another
class, or an error that does not come at home.
`;

/** Returns docs/packages.md. */
export function formatPage(subjects: readonly Subject[], recorded: Recorded): string {
  return `${INTRODUCTION}
${formatCounts(recorded)}
Each cell below is what it was before, on Node 20 and 24, and what it is now: one word where both are the same,
\`ok\` is right, \`no\` refused, \`WRONG\` wrong. The size and the time are those of the captured function of the call
_used_, on Node 20, once its modules are known; a size of more than ${LARGE_BYTES / 1000} KB is in bold.

${formatTable(subjects, recorded)}`;
}

function formatCounts(recorded: Recorded): string {
  const lines = RUNS.flatMap((run) =>
    NODES.flatMap((node) => {
      const programs = Object.values(recorded[run]?.[node] ?? {}).map((text) => text.slice(0, CELLS.length));
      if (programs.length === 0) return [];
      const count = (verdict: Verdict['verdict']): number =>
        programs.join('').split(LETTERS[verdict]).length - 1;
      return [
        `| ${run} | ${node} | ${programs.length} | ${count('right')} | ${count('refused')} | ${count('wrong')} |`,
      ];
    }),
  );
  return `| | Node | programs | right | refused clearly | wrong |\n| - | - | - | - | - | - |\n${lines.join('\n')}\n`;
}

function formatTable(subjects: readonly Subject[], recorded: Recorded): string {
  const rows = subjects.flatMap((subject) =>
    titlesOf(subject).map((title) => {
      const { version } = subject;
      const name = packageOf(subject);
      const cells = CELLS.map((cell) => formatCell(title, cell, recorded));
      const cost = recorded['after']?.['20']?.[title];
      return `| ${title.replace(name, `${name} ${version}`)} | ${cells.join(' | ')} | ${formatCost(cost)} |`;
    }),
  );
  const head = ['package', ...CELLS, 'bytes', 'ms'];
  return `| ${head.join(' | ')} |\n| ${head.map(() => '-').join(' | ')} |\n${rows.join('\n')}\n`;
}

function formatCell(title: string, cell: Cell, recorded: Recorded): string {
  const words = RUNS.map((run) => {
    const perNode = NODES.map((node) => recorded[run]?.[node]?.[title]?.at(CELLS.indexOf(cell)));
    return [...new Set(perNode.map((letter) => WORDS[letter ?? '']).filter(Boolean))].join('/') || '-';
  });
  return new Set(words).size === 1 ? (words[0] ?? '-') : words.join(' → ');
}

function formatCost(recorded = ''): string {
  const [, bytes, ms] = recorded.split(' ');
  if (bytes === undefined) return '- | -';
  return `${Number(bytes) > LARGE_BYTES ? `**${bytes}**` : bytes} | ${ms}`;
}
