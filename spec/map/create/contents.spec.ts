import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeRequest } from '../../../lib/cluster/calls/encode-request.ts';
import { Functions } from '../../../lib/cluster/calls/functions.ts';
import { resolveOptions, type ClusterOptions } from '../../../lib/cluster/cluster-options.ts';
import { contentsOfCall, contentsOfMap } from '../../../lib/map/create/reuse.ts';
import type { AnyFunction } from '../../../lib/payload/graph.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function ofMap(fn: AnyFunction, options: ClusterOptions = {}): ReturnType<typeof contentsOfMap> {
  return contentsOfMap(new Functions({}).write(fn), resolveOptions('spec', options, {}));
}

const identity = (...args: unknown[]): unknown => args;

function ofArguments(...args: unknown[]): string | undefined {
  const request = { fn: identity, items: [args], options: {} };
  const options = { capture: {}, otherNode: 'refuse', main: String(Math.random()) } as const;
  return contentsOfCall(encodeRequest(request, new Functions({}), options, true).payload);
}

/** Each is made anew, with a class of its own. */
function makeClass(factor: number): AnyFunction {
  class Scaled {
    readonly #factor = factor;
    of(x: number): number {
      return x * this.#factor;
    }
  }
  return (x: number) => new Scaled().of(x);
}

describe('contents of a map', () => {
  it('are the same for a function that is made again, also with a class, and others for another variable', () => {
    expect(ofMap(makeClass(2))).toEqual(ofMap(makeClass(2)));
    expect(ofMap(makeClass(2))).not.toEqual(ofMap(makeClass(3)));
  });

  it('are the same wherever the function stands, unless it says so', () => {
    const [near, far] = [(x: number) => x + 1,
      (x: number) => x + 1]; // prettier-ignore
    expect(ofMap(near as AnyFunction)?.function).toBe(ofMap(far as AnyFunction)?.function);
  });

  it('change with the file that the job would load the function from', async () => {
    const file = join(temporaryDirectoryOfModules, 'model.mjs');
    writeFileSync(file, 'import { y } from "./other.mjs";\nexport const f = (x) => x * y;\n');
    writeFileSync(join(temporaryDirectoryOfModules, 'other.mjs'), 'export const y = 1;\n');
    const { f } = (await import(file)) as { f: AnyFunction };
    const before = ofMap(f);
    expect(before).toEqual(ofMap(f));
    writeFileSync(file, 'import { y } from "./other.mjs";\n// Changed.\nexport const f = (x) => x * y;\n');
    expect(ofMap(f)?.function).not.toBe(before?.function);
  });

  it('are others in other surroundings', () => {
    const fn = (): number => 1;
    const { surroundings } = ofMap(fn) ?? {};
    const others: ClusterOptions[] = [
      { environment: { A: 1 } },
      { setup: ['true'] },
      { execArgv: ['--no-warnings'] },
    ];
    for (const options of others) {
      expect(ofMap(fn, options)?.surroundings).not.toBe(surroundings);
      expect(ofMap(fn, options)).toEqual(ofMap(fn, options));
    }
    expect(ofMap(fn, { submit: { request_cpus: 2 }, timeLimit: 5, node: 'node' })?.surroundings).toBe(
      surroundings,
    );
  });
});

const temporaryDirectoryOfModules = temporaryDirectory();

describe('contents of a call', () => {
  class Point {
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }

  it.each([
    ['numbers', [1, -0, 1.5, 2n, Number.NaN]],
    ['texts and nothing', ['1', '', undefined, null, true]],
    ['plain data', [{ a: [1, { b: new Date(5) }] }, new Map([[1, new Uint8Array(3)]])]],
    ['an instance', [new Point(1)]],
    ['a function', [(x: number) => x]],
  ])('are the same for the same arguments: %s', (_, args) => {
    expect(ofArguments(...args)).toMatch(/^[0-9a-f]{32}$/);
    expect(ofArguments(...args)).toBe(ofArguments(...args));
  });

  it('differ where arguments do', () => {
    const all = [
      [1],
      ['1'],
      [1n],
      [-0],
      [0],
      [],
      [undefined],
      [null],
      [[1]],
      [{ x: 1 }],
      [new Point(1)],
      [new Point(2)],
      [1, 2],
      ['1", "2'],
      ['1', '2'],
    ];
    const contents = all.map((args) => ofArguments(...args));
    expect(new Set(contents).size).toBe(all.length);
    expect(contents).not.toContain(undefined);
  });

  it('cannot be told of bytes that are no call', () => {
    expect(contentsOfCall(new Uint8Array([1, 2, 3]))).toBeUndefined();
  });
});
