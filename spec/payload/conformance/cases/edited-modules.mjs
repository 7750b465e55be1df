import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { edited as editedAfter } from './edited-after.mjs';
import { edited as editedBefore } from './edited-before.mjs';
import { compute } from 'versioned';

// Each of these changes the project, and so has one of its own.
export const cases = {
  'sends functions by value whose module was edited since it was loaded': {
    send() {
      for (const type of ['mjs', 'cjs'])
        writeFileSync(`edited-before.${type}`, 'throw new Error("loaded anew")');
      return () => editedBefore();
    },
    gives: 'original',
  },
  'fails, and does not run other code, where a module is edited later': {
    send: () => editedAfter,
    meanwhile() {
      writeFileSync('edited-after.mjs', "export const edited = () => 'edited';");
      writeFileSync('edited-after.cjs', "exports.edited = () => 'edited';");
    },
    fails: ['edited-after', 'changed'],
  },
  'fails where a package has another version': {
    send: () => compute,
    meanwhile() {
      const directory = join('node_modules', 'versioned');
      const text = readFileSync(join(directory, 'package.json'), 'utf8');
      writeFileSync(join(directory, 'package.json'), text.replace('1.0.0', '2.0.0'));
      writeFileSync(join(directory, 'index.mjs'), "export const compute = () => 'two';");
      writeFileSync(join(directory, 'index.cjs'), "exports.compute = () => 'two';");
    },
    fails: ['versioned', '1.0.0', '2.0.0'],
  },
};
