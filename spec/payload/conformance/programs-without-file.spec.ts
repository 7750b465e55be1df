import { transformSync } from 'esbuild';
import ts from 'typescript';
import { describeEnvironment } from './environment.ts';
import { casesForCommonJs, casesForEsm, END_OF_COMMONJS, END_OF_ESM, type Cases } from './programs.ts';

/** Those for which it matters what is at the top of a program. */
const MATTERING = new Set([
  'lexical',
  'captured-state',
  'private-members',
  'identities',
  'references',
  'cjs-only',
  'esm-only',
]);
const few = (cases: readonly Cases[]): Cases[] => cases.filter(({ topic }) => MATTERING.has(topic));

const commonJs = (cases: readonly Cases[]): string =>
  cases.map(({ source }) => source + END_OF_COMMONJS).join('');
const esm = (cases: readonly Cases[]): string => cases.map(({ source }) => source + END_OF_ESM).join('');

/** Of programs that are no file. */
const except = {
  'knows __filename and __dirname of the original file': 'there is none',
  'knows import.meta of the original file': 'there is none',
  'sends what the program itself exports, as far as the function names it':
    'it has no module.exports by then',
  'sends functions that use only exports of the program': 'its exports are nowhere to be told from globals',
  'sends an object with a socket inside by reference where a module exports it':
    'its import statements are in no file that a job could go by',
  'knows prototypes of packages that name no constructor':
    'its import statements are in no file, by which alone the function of such a prototype is found',
  'sends functions that ask for what CommonJS declares, which is not there':
    'the modules of Node are global there, also the one that is called module',
  'knows a namespace for one': 'its import statements are in no file, so that an object stands for it',
};

describeEnvironment({
  name: 'given by node --eval, in CommonJS,',
  cases: few(casesForCommonJs()),
  apart: true,
  except,
  prepare: (_, cases) => ({ args: ['--eval', commonJs(cases)] }),
});

describeEnvironment({
  name: 'given by node --eval, as an ES module,',
  cases: few(casesForEsm()),
  apart: true,
  except,
  prepare: (_, cases) => ({ args: ['--input-type=module', '--eval', esm(cases)] }),
});

describeEnvironment({
  name: 'given on standard input, in CommonJS,',
  cases: few(casesForCommonJs()),
  apart: true,
  except,
  prepare: (_, cases) => ({ args: ['-'], stdin: commonJs(cases) }),
});

describeEnvironment({
  name: 'given on standard input, as an ES module,',
  cases: few(casesForEsm()),
  apart: true,
  except,
  prepare: (_, cases) => ({ args: ['--input-type=module', '-'], stdin: esm(cases) }),
});

describeEnvironment({
  name: 'typed into the REPL',
  cases: few(casesForCommonJs()),
  apart: true,
  except,
  prepare: (_, cases) => ({ args: ['--interactive'], typed: typedIn(commonJs(cases)) }),
});

/** A line for each statement: the REPL takes a line that begins with a point for a command. */
function typedIn(text: string): string {
  const { statements } = ts.createSourceFile('typed.js', text, ts.ScriptTarget.Latest);
  const lines = statements.map((statement) => {
    const source = text.slice(statement.pos, statement.end);
    return transformSync(source, { minifyWhitespace: true, logLevel: 'silent' }).code;
  });
  return lines.join('').replace(/;\s*$/, '.finally(() => process.exit());\n');
}
