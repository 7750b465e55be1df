/** A package, and the parts of a small program that uses it as its users do. All parts are JavaScript. */
export interface Subject {
  /** Its name on npm; with a word in brackets if another subject has the package too. */
  readonly name: string;
  readonly version: string;
  /** Other packages that the program imports, with their versions. */
  readonly beside?: Readonly<Record<string, string>>;
  /** The beginning of the program as an ES module: imports, and what follows from them. */
  readonly imports: string;
  /** The same for CommonJS, where the program is run in that form too. */
  readonly requires?: string;
  /** An expression that uses what was imported, or statements that return. Its value is plain data. */
  readonly used: string;
  /** An expression, or statements that return, for an instance: an object or function of the package. */
  readonly make: string;
  /** An expression of `it`, an instance, or statements that return: plain data by which it is known to be right. */
  readonly use: string;
  /** Statements that throw an error of the package. If there are none, an error with an instance in it is thrown. */
  readonly throws?: string;
  /** An expression of `error` by which it is known to be right, besides its class, name, message and code. */
  readonly known?: string;
  /** Options of the executor, as an expression. */
  readonly options?: string;
}

/** What is tried with each package, in this order. */
export const CELLS = ['used', 'captured', 'argument', 'result', 'thrown'] as const;

export type Cell = (typeof CELLS)[number];

/** What a program of a subject is written in. */
export type Form = 'module' | 'commonjs';

export function formsOf(subject: Subject): Form[] {
  return subject.requires === undefined ? ['module'] : ['module', 'commonjs'];
}

/** The name of the package to install. */
export function packageOf(subject: Subject): string {
  return subject.name.replace(/ \(.*\)$/, '');
}

/**
 * Returns the text of a program that tries the cells with one subject.
 * @param runner URL of `run-cells.mjs`
 */
export function programOf(subject: Subject, form: Form, runner: string): string {
  const { imports, requires, used, make, use, throws, known, options = '{}' } = subject;
  const thrown =
    throws === undefined
      ? `{ call: async () => { throw Object.assign(new RangeError('none'), { it: await (${functionOf('', make)})() }); }, see: ({ it }) => (${functionOf('it', use)})(it) }`
      : `{ call: ${functionOf('', `{ ${throws} }`)}, see: ${functionOf('error', known ?? '[]')} }`;
  const cells = `{
  used: () => ({ call: ${functionOf('', used)} }),
  captured: async () => {
    const it = await (${functionOf('', make)})();
    return { call: ${functionOf('', use)} };
  },
  argument: async () => ({ call: ${functionOf('it', use)}, given: [await (${functionOf('', make)})()] }),
  result: () => ({ call: ${functionOf('', make)}, see: ${functionOf('it', use)} }),
  thrown: () => (${thrown}),
}, ${options}`;
  return form === 'module'
    ? `import { runCells } from '${runner}';\n${imports}\n\nawait runCells(${cells});\n`
    : `${requires}\n\nimport('${runner}').then(({ runCells }) => runCells(${cells}));\n`;
}

/** @param body an expression, statements that return, or a block */
function functionOf(parameter: string, body: string): string {
  const isAsync = /\bawait\b/.test(body);
  const text = body.startsWith('{ ') ? body : body.endsWith(';') ? `{ ${body} }` : `(${body})`;
  return `${isAsync ? 'async ' : ''}(${parameter}) => ${text}`;
}
