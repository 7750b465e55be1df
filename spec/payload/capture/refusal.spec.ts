import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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

describe('The message of a SerializationError', () => {
  const directory = join(temporaryDirectory(), 'project');
  beforeAll(() => makeProject(directory));

  it('shows the way from what is sent to what cannot be, with places in the source, and a way out', () => {
    writeFileSync(join(directory, 'sim.mjs'), PROGRAM);
    const { stdout, stderr } = spawnSync(process.execPath, ['sim.mjs'], { cwd: directory, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: MESSAGE, stderr: '' });
  });
});
