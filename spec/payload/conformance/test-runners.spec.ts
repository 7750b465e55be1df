import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment, writeModules } from './environment.ts';
import { casesForEsm, casesToCompile, WHERE_IMPORTS_ARE_MODULES } from './programs.ts';
import { packageDirectory } from './project.ts';
import { TRANSFORMED } from './transformed.ts';

const TEST = 'all.test';

/** The command line that runs jest with this configuration. */
function jest(directory: string, config: object, flags: readonly string[] = []): { args: string[] } {
  const all = {
    rootDir: directory,
    cacheDirectory: join(directory, 'cache'),
    watchman: false,
    testTimeout: 600_000,
  };
  writeFileSync(join(directory, 'jest.config.json'), JSON.stringify({ ...all, ...config }));
  return { args: [...flags, join(packageDirectory('jest'), 'bin/jest.js'), '--no-cache'] };
}

const ownModules = 'jest has modules of its own, which are not those that references lead to';
const CONSTANTS_OF_MODULES = {
  'sends constants of a module home as those of the module here': ownModules,
  'takes constants of a module in an argument for those of the module there': ownModules,
  'takes constants of a module that another one imports for those of the module there': ownModules,
};
/** What the module of a package compares at home is of jest's own module. */
const COMPARED = {
  'keeps a symbol that the module gives away': ownModules,
  'keeps instances of a class that the module does not export': ownModules,
  'keeps objects, functions and symbols that the module compares': ownModules,
  'sends home objects, functions and symbols that the module compares': ownModules,
  'sends home instances of a class that the module does not export': ownModules,
  'keeps instances of a function whose prototype names no constructor': ownModules,
  'refuses a class of which a package keeps something in a global variable':
    'jest has global variables of its own',
};
describeEnvironment({
  name: 'tested by jest with coverage, in CommonJS,',
  cases: casesToCompile(),
  packages: ['esbuild'],
  except: {
    ...WHERE_IMPORTS_ARE_MODULES,
    ...TRANSFORMED,
    ...CONSTANTS_OF_MODULES,
    ...COMPARED,
    'imports within functions as from the original file': 'jest cannot import here',
    'sends a function with what it is told that it captures': 'its counters are captured, too',
    'sends a class with the methods that it got when it was first used': 'its modules are other texts',
  },
  prepare(directory, cases) {
    writeModules(directory, cases, 'js');
    writeFileSync(
      join(directory, `${TEST}.js`),
      `import { done } from './all.js';\ntest('all', () => done);`,
    );
    return jest(directory, {
      transform: { '\\.js$': '<rootDir>/node_modules/conformance/jest-transform.cjs' },
      // The package and those that it needs are ES modules, which jest cannot require.
      transformIgnorePatterns: [],
      collectCoverage: true,
      coverageReporters: ['json'],
    });
  },
});

describeEnvironment({
  name: 'tested by jest, as ES modules,',
  cases: casesForEsm(),
  except: {
    'sends constants of a module home as those of the module here': ownModules,
    'knows prototypes of packages that name no constructor': ownModules,
    'sends default classes by reference': ownModules,
    'sends instances of classes of modules home': ownModules,
    'keeps a symbol that the module gives away': ownModules,
    'sends home instances of a class that the module does not export': ownModules,
    'sends home objects, functions and symbols that the module compares': ownModules,
    'sends it home': ownModules,
    'keeps instances of a function whose prototype names no constructor': ownModules,
    'refuses a class of which a package keeps something in a global variable':
      'jest has global variables of its own',
  },
  prepare(directory, cases) {
    writeModules(directory, cases, 'mjs');
    writeFileSync(
      join(directory, `${TEST}.mjs`),
      `import { done } from './all.mjs';\ntest('all', () => done);`,
    );
    return jest(directory, { testMatch: ['**/*.test.mjs'], transform: {} }, ['--experimental-vm-modules']);
  },
});

describeEnvironment({
  name: 'tested by ts-jest, in CommonJS,',
  cases: casesToCompile(),
  packages: ['esbuild', 'typescript'],
  except: { ...WHERE_IMPORTS_ARE_MODULES, ...TRANSFORMED, ...CONSTANTS_OF_MODULES, ...COMPARED },
  prepare(directory, cases) {
    writeModules(directory, cases, 'ts', (source) => source.replaceAll(/\.ts';$/gm, "';"));
    writeFileSync(join(directory, `${TEST}.ts`), `import { done } from './all';\ntest('all', () => done);`);
    const tsconfig = { module: 'commonjs', target: 'es2022', esModuleInterop: true, isolatedModules: true };
    return jest(directory, {
      transform: {
        '\\.ts$': [packageDirectory('ts-jest'), { tsconfig, diagnostics: false }],
        '\\.js$': '<rootDir>/node_modules/conformance/jest-transform.cjs',
      },
      transformIgnorePatterns: [],
    });
  },
});
