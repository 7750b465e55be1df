import { join } from 'node:path';
import { type BuildOptions, buildSync, transformSync } from 'esbuild';
import ts from 'typescript';
import { describeEnvironment, writeModules } from './environment.ts';
import { type Cases, casesForEsm, casesToCompile, WHERE_IMPORTS_ARE_MODULES } from './programs.ts';

const TSX = 'node_modules/tsx/dist/cli.mjs';

describeEnvironment({
  name: 'run by tsx, as ES modules,',
  cases: casesForEsm(),
  packages: ['tsx'],
  prepare(directory, cases) {
    writeModules(directory, cases, 'mts');
    return { args: [TSX, 'all.mts'] };
  },
});

describeEnvironment({
  name: 'run by tsx, in CommonJS,',
  cases: casesToCompile(),
  packages: ['tsx'],
  except: WHERE_IMPORTS_ARE_MODULES,
  prepare(directory, cases) {
    // On Node.js 20, tsx cannot require an ES module that imports others.
    const statically = "import * as payload from 'condor-futures/payload'";
    const dynamically = "const payload = import('condor-futures/payload')";
    writeModules(directory, cases, 'cts', (source) => source.replace(statically, dynamically));
    return { args: [TSX, 'all.cts'] };
  },
});

describeEnvironment({
  name: 'compiled by TypeScript to ES2022, as ES modules,',
  cases: casesForEsm(),
  prepare(directory, cases) {
    writeModules(directory, cases, 'mjs', compileBy(ts.ScriptTarget.ES2022, ts.ModuleKind.ES2022));
    return { args: ['all.mjs'] };
  },
});

describeEnvironment({
  name: 'compiled by TypeScript to ES2017, in CommonJS,',
  cases: casesToCompile(),
  except: {
    ...WHERE_IMPORTS_ARE_MODULES,
    'sends an instance with private fields home':
      'its private members are WeakMaps, and so those of the class itself',
    'says that private members beside those of the platform cannot be sent':
      'its private members are WeakMaps, which are sent',
  },
  prepare(directory, cases) {
    writeModules(directory, cases, 'cjs', compileBy(ts.ScriptTarget.ES2017, ts.ModuleKind.CommonJS));
    return { args: ['all.cjs'] };
  },
});

function compileBy(target: ts.ScriptTarget, module: ts.ModuleKind): (source: string, file: string) => string {
  const compilerOptions = { target, module, esModuleInterop: true };
  return (source, file) =>
    ts.transpileModule(source, { compilerOptions, fileName: file.replace(/[cm]js$/, 'ts') }).outputText;
}

const renamed = 'its variables have other names';
const minified = {
  'sends a function with what it is told that it captures': renamed,
  'names the way to the thing that cannot be sent': renamed,
  'says which reducer of the program failed, and where': renamed,
  'says that objects of a native addon cannot be sent': renamed,
  'says that private fields of a class that jobs are to load cannot be read': renamed,
};

describeEnvironment({
  name: 'minified by esbuild, as ES modules,',
  cases: casesForEsm(),
  except: minified,
  prepare(directory, cases) {
    writeModules(directory, cases, 'mjs', (source) => minify(source, 'esm'));
    return { args: ['all.mjs'] };
  },
});

describeEnvironment({
  name: 'minified by esbuild, in CommonJS,',
  cases: casesToCompile(),
  except: { ...minified, ...WHERE_IMPORTS_ARE_MODULES },
  prepare(directory, cases) {
    writeModules(directory, cases, 'cjs', (source) => minify(source, 'cjs'));
    return { args: ['all.cjs'] };
  },
});

/** What a program imports by a name that it computes is in no bundle. */
const COMPUTED_IMPORTS = new Set(['references', 'edited-modules', 'esm-only']);
const toBundle = (cases: readonly Cases[]): Cases[] =>
  cases.filter(({ topic }) => !COMPUTED_IMPORTS.has(topic));
const oneProgram = 'its modules are the program, whose objects that can be changed are sent as copies';
const withPackages = {
  'refuses a class of which a package keeps something in a global variable': oneProgram,
  'keeps objects with a prototype that the module does not export': oneProgram,
  'keeps objects, functions and symbols that the module compares': oneProgram,
  'sends home objects, functions and symbols that the module compares': oneProgram,
};
const bundled = {
  'sends constants of a module home as those of the module here': oneProgram,
  'takes constants of a module in an argument for those of the module there': oneProgram,
  'takes constants of a module that another one imports for those of the module there': oneProgram,
  'sends bound functions, also those bound twice': 'one of its functions has another name',
  'says that private fields of a class that jobs are to load cannot be read': 'its modules are the program',
};

describeEnvironment({
  name: 'bundled by esbuild with all packages, as an ES module,',
  cases: toBundle(casesForEsm()),
  except: { ...bundled, ...withPackages },
  prepare: (directory, cases) => ({ args: [bundle(directory, cases, { format: 'esm' })] }),
});

describeEnvironment({
  name: 'bundled by esbuild without packages and minified, as an ES module,',
  cases: toBundle(casesForEsm()),
  except: { ...minified, ...bundled },
  prepare: (directory, cases) => ({
    args: [bundle(directory, cases, { format: 'esm', packages: 'external', minify: true, keepNames: true })],
  }),
});

describeEnvironment({
  name: 'bundled by esbuild with all packages, in CommonJS,',
  cases: toBundle(casesToCompile()),
  except: { ...WHERE_IMPORTS_ARE_MODULES, ...bundled, ...withPackages },
  prepare: (directory, cases) => ({ args: [bundle(directory, cases, { format: 'cjs' })] }),
});

function bundle(directory: string, cases: readonly Cases[], options: BuildOptions): string {
  const extension = options.format === 'esm' ? 'mjs' : 'cjs';
  writeModules(directory, cases, extension);
  const file = `bundle.${extension}`;
  buildSync({
    entryPoints: [join(directory, `all.${extension}`)],
    outfile: join(directory, file),
    bundle: true,
    platform: 'node',
    external: ['conformance'],
    target: 'node20.19',
    logLevel: 'error',
    ...options,
  });
  return file;
}

function minify(source: string, format: 'esm' | 'cjs'): string {
  return transformSync(source, {
    format,
    minify: true,
    keepNames: true,
    target: 'node20.19',
    logLevel: 'error',
  }).code;
}
