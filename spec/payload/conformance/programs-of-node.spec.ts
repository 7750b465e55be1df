import { transformSync } from 'esbuild';
import ts from 'typescript';
import { describeEnvironment, writeModules } from './environment.ts';
import {
  casesForCommonJs,
  casesForEsm,
  casesToCompile,
  END_OF_COMMONJS,
  END_OF_ESM,
  WHERE_IMPORTS_ARE_MODULES,
  type Cases,
} from './programs.ts';

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

describeEnvironment({
  name: 'in a worker thread, as ES modules,',
  cases: casesForEsm(),
  prepare(directory, cases) {
    writeModules(directory, cases, 'mjs');
    return { args: ['node_modules/conformance/in-worker.mjs', 'all.mjs'] };
  },
});

describeEnvironment({
  name: 'in a worker thread, in CommonJS,',
  cases: casesToCompile(),
  except: WHERE_IMPORTS_ARE_MODULES,
  prepare(directory, cases) {
    const toCommonJs = (source: string): string =>
      transformSync(source, { format: 'cjs', logLevel: 'error' }).code;
    writeModules(directory, cases, 'cjs', toCommonJs);
    return { args: ['node_modules/conformance/in-worker.mjs', 'all.cjs'] };
  },
});

const noEval = 'this process may not load functions, which takes eval where they lie in one another';
const exceptUnderFlags: Record<string, Record<string, string>> = {
  '--disallow-code-generation-from-strings': {
    'sends what new Function made': 'nothing makes it',
    'sends functions that evaluate in the global scope': 'they do not here',
    'sends async arrows that use the `this` around them': noEval,
    'sends an instance with private fields home': noEval,
    'sends functions home that were made there, with what they capture there': noEval,
    'sends in a script with a time limit, and functions of another context': noEval,
  },
  '--disable-proto=delete': {},
  '--enable-source-maps': {},
  '--stack-size=400': {},
};

for (const [flag, exceptHere] of Object.entries(exceptUnderFlags)) {
  describeEnvironment({
    name: `under node ${flag}`,
    cases: casesForEsm(),
    except: exceptHere,
    prepare(directory, cases) {
      writeModules(directory, cases, 'mjs');
      return { args: [flag, 'all.mjs'] };
    },
  });
}
