// Prints how long the first capture of a process takes, in milliseconds: node first-capture.ts own|pulumi SUBJECT
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { serialize } from 'condor-futures/payload';
import { subjects } from './closure-subjects.ts';

const [library = 'own', subject = ''] = process.argv.slice(2);
const fn = subjects[subject];
if (fn === undefined) throw new Error(`There is no subject ${subject}`);

if (library === 'own') {
  const start = performance.now();
  serialize(fn);
  console.log(performance.now() - start);
} else {
  const require = createRequire(join(process.env['CONDOR_FUTURES_PULUMI'] ?? '', 'x'));
  const start = performance.now();
  await require('@pulumi/pulumi').runtime.serializeFunction(fn);
  console.log(performance.now() - start);
}
