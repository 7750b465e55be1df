import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { makeProject } from '../conformance/project.ts';

const PROGRAM = `import { Socket } from 'node:net';
import { serialize } from 'condor-futures/payload';

const deep = { a: [{ b: new Map([['k', new Socket()]]) }] };

function helper() {
  return deep;
}

const run = () => helper();

try {
  serialize(run);
} catch ({ name, message }) {
  process.stdout.write(name + ': ' + message);
}
`;

const MESSAGE = `SerializationError: cannot send function 'run' to another process
  run (sim.mjs:10:13)
   -> captured variable 'helper' = function helper (sim.mjs:6:1)
   -> captured variable 'deep'.a[0].b -> Map value for key "k"
   -> a Socket (node:net): a live resource of this process
  Open it inside the function, or send what is needed to open it.`;

/** A package that makes functions which cannot be sent. */
const PACKAGE = `export class Solver {
  run = () => super.toString();
}
export const makeEvaluator = () => {
  const inner = (text) => eval(text);
  return { inner };
};
`;

const USER = `import { makeEvaluator, Solver } from 'solver';
import { serialize } from 'condor-futures/payload';

const solver = new Solver();
const { inner } = makeEvaluator();
for (const value of [() => solver.run(), () => inner('1'), [{ inner }]]) {
  try {
    serialize(value);
  } catch ({ message }) {
    console.log(message);
  }
}
`;

const ABOUT_PACKAGE = `cannot send function '(anonymous)' to another process
  (anonymous) (user.mjs:6:22)
   -> captured variable 'solver'.run = function run (index.js:2:9)
   -> an arrow function that says \`super\`
  It is in the package solver: make \`solver\` inside the function, or say how it travels with registerReducer.
cannot send function '(anonymous)' to another process
  (anonymous) (user.mjs:6:42)
   -> captured variable 'inner' = function inner (index.js:5:17)
   -> a function that uses eval, so what it captures cannot be known
  It is in the package solver: make \`inner\` inside the function, or say how it travels with registerReducer.
cannot send value to another process
  value
   -> [0].inner = function inner (index.js:5:17)
   -> a function that uses eval, so what it captures cannot be known
  It is in the package solver: make \`value[0]\` inside the function, or say how it travels with registerReducer.
`;

describe('The message of a SerializationError', () => {
  const directory = join(temporaryDirectory(), 'project');
  beforeAll(() => makeProject(directory));

  it('shows the way from what is sent to what cannot be, with places in the source, and a way out', () => {
    writeFileSync(join(directory, 'sim.mjs'), PROGRAM);
    const { stdout, stderr } = spawnSync(process.execPath, ['sim.mjs'], { cwd: directory, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: MESSAGE, stderr: '' });
  });

  it('tells what to do in the program, where the code of a package cannot be sent', () => {
    const directoryOfPackage = join(directory, 'node_modules', 'solver');
    mkdirSync(directoryOfPackage, { recursive: true });
    const manifest = { name: 'solver', version: '1.0.0', type: 'module', exports: './index.js' };
    writeFileSync(join(directoryOfPackage, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(directoryOfPackage, 'index.js'), PACKAGE);
    writeFileSync(join(directory, 'user.mjs'), USER);
    const { stdout, stderr } = spawnSync(process.execPath, ['user.mjs'], {
      cwd: directory,
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: ABOUT_PACKAGE, stderr: '' });
  });
});
