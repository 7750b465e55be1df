import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { lookInside, scriptOf, scriptsWhere } from '../../../lib/payload/inspect/scopes.ts';
import { runInspecting } from './run-inspecting.ts';
import { builtModule } from '../../support/built-file.ts';

function idOf(fn: Function): string {
  return lookInside([fn])[0]?.scriptId as string;
}

describe('scriptOf', () => {
  it('tells the URL of the script that a function is in, its source map, and its text', () => {
    const script = scriptOf(idOf(idOf));
    expect(script?.url).toMatch(/scripts\.spec\.ts$/);
    expect(script?.sourceMapUrl).toMatch(/^data:/);
    expect(script?.source()).toContain('of the script that a function is in');
    expect(scriptsWhere((url) => url === (script?.url as string)).map(({ scriptId }) => scriptId)).toContain(
      script?.scriptId,
    );
  });

  it('tells nothing about text without a URL, and finds scripts that came later', () => {
    expect(scriptOf(idOf(new Function('return 1')))).toBeUndefined();
    const later = new Function('return 1\n//# sourceURL=later.js');
    expect(scriptOf(idOf(later))?.url).toBe('later.js');
    expect(scriptOf(idOf(later))?.sourceMapUrl).toBe('');
  });

  it('has no text of a script that is gone', () => {
    const program = `
      const collect = (await import('node:vm')).runInNewContext('gc');
      const make = (name) => scriptOf(look(new Function('return 1\\n//# sourceURL=' + name)).scriptId);
      let text;
      for (let times = 0; text !== '' && times < 100; times += 1) {
        const script = make('gone' + times + '.js');
        for (let turns = 0; turns < 5; turns += 1) {
          await new Promise(setImmediate);
          collect();
        }
        // The first text that was read is kept.
        text = script.source();
      }
      print(text);
    `;
    expect(runInspecting(program, '--expose-gc')).toEqual(['']);
  });

  it('has `file:` URLs for modules of both kinds, and `node:` for those of Node.js', () => {
    const [esm, cjs, node] = runInspecting(`
      const { createRequire } = await import('node:module');
      const { readFileSync } = await import('node:fs');
      const require = createRequire(${JSON.stringify(import.meta.url)});
      const urlOf = (fn) => scriptOf(look(fn).scriptId).url;
      print(urlOf(lookInside));
      print(urlOf(require('tsx/cjs/api').register));
      print(urlOf(readFileSync));
    `);
    expect(esm).toBe(builtModule('payload/inspect/scopes'));
    expect(cjs).toMatch(/^file:\/\/\/.*tsx.*\.cjs$/);
    expect(node).toBe('node:fs');
    expect(readFileSync(new URL(String(cjs)))).toBeDefined();
  });
});
