import { describe, expect, it } from '@jest/globals';
import { type House, measure } from './measure.ts';

/** What is measured of a lib/ of these files, each with its text, and of pages. */
function houseOf(
  files: Readonly<Record<string, string>>,
  pages: Readonly<Record<string, string>> = {},
): House {
  const list = (texts: Readonly<Record<string, string>>): { path: string; text: string }[] =>
    Object.entries(texts).map(([path, text]) => ({ path, text }));
  return measure(list(files), list(pages));
}

describe('The measure of the structure', () => {
  it('finds circles, also those of types alone and through several files', () => {
    const { circles } = houseOf({
      'lib/base/a.ts': "import type { B } from './b.ts';",
      'lib/base/b.ts': "import { c } from './c.ts';",
      'lib/base/c.ts': "export * from './a.ts';",
      'lib/base/d.ts': "import './a.ts';",
    });
    expect(circles).toEqual(['lib/base/a.ts lib/base/b.ts lib/base/c.ts']);
  });

  it('finds imports against the direction, and lets those pass that go down or stay in their folder', () => {
    const { upwardImports } = houseOf({
      'lib/job-set/names.ts': "import '../payload/call.ts'; import './archive.ts';",
      'lib/payload/call.ts': "import '../base/hash.ts'; const lazily = () => require('../job-set/names.ts');",
      'lib/runner/main.ts': "import '../watch/job-set-watch.ts';",
      'lib/workers/starts.ts': "import type { Future } from '../futures/future.ts';",
    });
    expect(upwardImports).toEqual([
      'lib/payload/call.ts imports lib/job-set/names.ts',
      'lib/runner/main.ts imports lib/watch/job-set-watch.ts',
      'lib/workers/starts.ts imports lib/futures/future.ts',
    ]);
  });

  it('counts files by their length, their place and their importers', () => {
    const house = houseOf({
      'lib/index.ts': "import './base/long.ts';\n",
      'lib/job.ts': "import './base/long.ts';\nimport './base/short.ts';\n",
      'lib/base/long.ts': '\n'.repeat(30),
      'lib/base/short.ts': '\n'.repeat(29),
    });
    expect(house.rootFiles).toEqual(['lib/index.ts', 'lib/job.ts']);
    expect(house.shortFiles).toEqual(['lib/index.ts', 'lib/job.ts', 'lib/base/short.ts']);
    expect(house.longest).toBe(30);
    expect(house.singleImporters).toEqual(['lib/base/short.ts, by lib/job.ts']);
  });

  it('finds doc comments that begin without a noun or a verb', () => {
    const { headlessComments } = houseOf({
      'lib/base/a.ts': '/** What it is. */\n/** The thing. */\n/**\n * Those of it.\n */\n/** Whatever. */\n',
    });
    expect(headlessComments).toEqual(['lib/base/a.ts:1', 'lib/base/a.ts:3']);
  });

  it('finds long lines of prose, not of code and tables', () => {
    const long = 'x'.repeat(121);
    const { longProse } = houseOf(
      {},
      { 'README.md': `${long}\n\n\`\`\`ts\n${long}\n\`\`\`\n\n| ${long} |\n` },
    );
    expect(longProse).toEqual(['README.md:1']);
  });
});
