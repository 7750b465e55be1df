import { join } from 'node:path';
import { CODE_FILE } from '../job-set/names.ts';
import { CachedScript } from './cached-script.ts';
import type * as Main from './main.ts';

// The file that node is started with. It loads the rest of the runner, which an earlier job may have
// compiled.

type Load = (require: NodeJS.Require, into: { exports: unknown }, filename: string) => void;

const file = join(__dirname, CODE_FILE);
const script = new CachedScript(file);
const loaded: { exports: unknown } = { exports: {} };
(script.run() as Load)(require, loaded, file);
(loaded.exports as typeof Main).run(() => script.keep());
