import { readFileSync } from 'node:fs';

const CASES = new URL('cases/', import.meta.url);

/** Files of cases that are written as ES modules, and run as CommonJS, too. */
const TOPICS = [
  'functions',
  'lexical',
  'methods',
  'names',
  'captured-state',
  'classes',
  'inheritance',
  'private-members',
  'identities',
  'joined-state',
  'objects',
  'data',
  'errors',
  'lists',
  'platform-objects',
  'references',
  'edited-modules',
  'refusals',
  'submit-side',
];

/** A file of cases, as text to make programs of. */
export interface Cases {
  readonly topic: string;
  readonly titles: readonly string[];
  readonly source: string;
}

/** The cases that are run as ES modules. */
export function casesForEsm(): Cases[] {
  return [...TOPICS, 'esm-only'].map((topic) => read(topic, 'mjs'));
}

/** Where compilers make `library_1.settings` of an imported `settings`, what is captured is the module. */
export const WHERE_IMPORTS_ARE_MODULES = {
  'sends data of modules by value': 'the module is sent by reference, and its data with it',
};

/** Other cases, for a process that is made for them. */
export function specialCases(
  topic: 'any-name' | 'side-effects' | 'depth' | 'memory' | 'without-inspector' | 'explain',
): Cases {
  return read(topic, 'mjs');
}

/** The cases that are run as CommonJS, by source text of CommonJS. */
export function casesForCommonJs(): Cases[] {
  const written = TOPICS.map((topic) => read(topic, 'mjs'));
  return [
    ...written.map((cases) => ({ ...cases, source: toCommonJs(cases.source) })),
    read('cjs-only', 'cjs'),
  ];
}

/** The cases that are compiled to CommonJS from source text of ES modules. */
export function casesToCompile(): Cases[] {
  return TOPICS.map((topic) => read(topic, 'mjs')).map((cases) => ({
    ...cases,
    source: importCommonJs(cases.source),
  }));
}

function read(topic: string, extension: string): Cases {
  const source = readFileSync(new URL(`${topic}.${extension}`, CASES), 'utf8');
  const titles = [...source.matchAll(/^ {2}(['"])(.+)\1: \{/gm)].map(([, , title]) => title as string);
  return { topic, titles, source };
}

/** The text as one would write it for CommonJS. */
function toCommonJs(source: string): string {
  return importCommonJs(source)
    .replaceAll(/^import \* as (\w+) from (.+);$/gm, 'const $1 = require($2);')
    .replaceAll(/^import \{([^}]+)\} from (.+);$/gm, (_, names: string, from: string) => {
      return `const {${names.replaceAll(' as ', ': ')}} = require(${from});`;
    })
    .replaceAll(/^export const /gm, 'const ');
}

/** The same text, with the CommonJS twins of the modules that it names. */
const importCommonJs = (source: string): string => source.replaceAll(".mjs'", ".cjs'");

/** What a program of cases ends with, so that they are run. */
export const END_OF_ESM = `
import { run } from 'conformance';
import * as payload from 'condor-futures/payload';
await run(cases, payload);
`;
export const END_OF_COMMONJS = `
import('condor-futures/payload').then((payload) => require('conformance').run(cases, payload));
`;
