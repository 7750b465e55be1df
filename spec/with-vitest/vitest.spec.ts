import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeEnvironment, writeModules } from '../payload/conformance/environment.ts';
import { casesForEsm } from '../payload/conformance/programs.ts';
import { TRANSFORMED } from '../payload/conformance/transformed.ts';

/** Where run.sh has installed vitest. */
const installed = join(process.env['CONDOR_FUTURES_VITEST'] ?? '', 'node_modules');

describeEnvironment({
  name: 'tested by vitest',
  cases: casesForEsm(),
  except: {
    ...TRANSFORMED,
    'imports within functions as from the original file':
      'vitest imports by a function that holds its connection',
    'knows a namespace for one': 'those of vitest are objects of its own',
    'knows import.meta of the original file': 'that of vitest has no resolve',
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
