import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment, writeModules } from '../payload/conformance/environment.ts';
import { casesForEsm } from '../payload/conformance/programs.ts';
import { TRANSFORMED } from '../payload/conformance/transformed.ts';

/** Where run.sh has installed vitest. */
const installed = join(process.env['CONDOR_FUTURES_VITEST'] ?? '', 'node_modules');

const ownModules = 'vitest has modules of its own, which are not those that references lead to';

describeEnvironment({
  name: 'tested by vitest',
  cases: casesForEsm(),
  except: {
    ...TRANSFORMED,
    'imports within functions as from the original file':
      'vitest imports by a function that holds its connection',
    'knows a namespace for one': 'those of vitest are objects of its own',
    'knows import.meta of the original file': 'that of vitest has no resolve',
    'sends constants of a module home as those of the module here': ownModules,
    'takes constants of a module in an argument for those of the module there': ownModules,
    'takes constants of a module that another one imports for those of the module there': ownModules,
    'knows prototypes of packages that name no constructor': ownModules,
    'sends functions that ask for what CommonJS declares, which is not there':
      'vitest declares an exports, which is a proxy',
  },
  prepare(directory, cases) {
    writeModules(directory, cases, 'mjs');
    writeFileSync(
      join(directory, 'all.test.mjs'),
      `import { test } from 'vitest';\nimport { done } from './all.mjs';\ntest('all', () => done, 600_000);`,
    );
    symlinkSync(join(installed, 'vitest'), join(directory, 'node_modules/vitest'), 'dir');
    return {
      args: [join(installed, 'vitest/vitest.mjs'), 'run', '--root', directory, '--reporter', 'basic'],
    };
  },
});
