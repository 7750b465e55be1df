import { transformSync } from 'esbuild';
import { describeEnvironment, writeModules } from './environment.ts';
import { casesForEsm, casesToCompile, WHERE_IMPORTS_ARE_MODULES } from './programs.ts';

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
